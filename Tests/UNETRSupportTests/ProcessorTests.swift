import Testing
import UNETRSupport

struct ProcessorTests {
    @Test func `bfloat16 is there with AVX-512, AMX or on Arm, and not otherwise`() {
        for (flags, expected) in [(["avx2", "avx512f"], false), (["avx512_bf16"], true), (["amx_bf16"], true), (["asimd", "bf16"], true), ([], false)] {
            #expect(Processor(name: "p", flags: Set(flags)).hasBFloat16 == expected, "\(flags)")
        }
    }

    @Test func `The identity tells processors of one name with other instruction sets apart`() {
        let all = [[], ["avx2"], ["avx2", "fma"], ["fma", "avx2"]].map { Processor(name: "p", flags: Set($0)).identity }
        #expect(all[0] == "p" && all[1] != all[2] && all[2] == all[3] && all[1].hasPrefix("p "))
        #expect(Processor(name: "p", flags: ["sve", "avx2", "mmx"]).instructionSets == ["avx2", "sve"])
    }
}
