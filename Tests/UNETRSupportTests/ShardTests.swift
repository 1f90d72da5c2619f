import Testing
import UNETRSupport

struct ShardTests {
    @Test func `The parts of a list hold each element once, whatever their number`() throws {
        let list = Array(0..<23)
        for count in [1, 2, 5, 23, 40] {
            let parts = try (0..<count).map { try Shard($0, of: count).part(of: list) }
            #expect(parts.joined().sorted() == list)
            #expect((parts.map(\.count).max() ?? 0) - (parts.map(\.count).min() ?? 0) <= 1)
        }
        #expect(try Shard(1, of: 3).part(of: ["a", "b", "c", "d", "e"]) == ["b", "e"])
    }

    @Test(
        "A part is named, or taken from the variables of a scheduler",
        arguments: [
            ("2/8", [:], "2/8"),
            ("auto", ["SLURM_ARRAY_TASK_ID": "7", "SLURM_ARRAY_TASK_MIN": "1", "SLURM_ARRAY_TASK_COUNT": "4", "SLURM_ARRAY_TASK_STEP": "3"], "2/4"),
            ("auto", ["SLURM_ARRAY_TASK_ID": "0", "SLURM_ARRAY_TASK_MIN": "0", "SLURM_ARRAY_TASK_COUNT": "10"], "0/10"),
            ("auto/10", ["SLURM_ARRAY_TASK_ID": "9", "SLURM_ARRAY_TASK_MIN": "0", "SLURM_ARRAY_TASK_COUNT": "10"], "9/10"),
            ("auto/6", ["JOB_COMPLETION_INDEX": "5"], "5/6"),
        ])
    func part(text: String, environment: [String: String], expected: String) throws {
        #expect(try Shard(text, environment: environment).description == expected)
    }

    @Test(
        "What names no part is refused with what to do",
        arguments: [
            ("8/8", [:], ShardError.outOfRange("8/8")), ("-1/8", [:], .outOfRange("-1/8")), ("0/0", [:], .outOfRange("0/0")),
            ("0/9999999999", [:], .outOfRange("0/9999999999")), ("3", [:], .unreadable("3")), ("1/2/3", [:], .unreadable("1/2/3")),
            ("a/b", [:], .unreadable("a/b")), ("auto/x", [:], .unreadable("auto/x")), ("0/99999999999999999999", [:], .unreadable("0/99999999999999999999")),
            ("auto", [:], .noScheduler(variables: ["SLURM_ARRAY_TASK_ID", "JOB_COMPLETION_INDEX"])),
            ("auto", ["JOB_COMPLETION_INDEX": "1"], .noCount(variable: "JOB_COMPLETION_INDEX")),
            ("auto/2", ["JOB_COMPLETION_INDEX": "2"], .outOfRange("2/2")),
            ("auto/2", ["JOB_COMPLETION_INDEX": "one"], .badVariable("JOB_COMPLETION_INDEX", value: "one")),
            (
                "auto", ["JOB_COMPLETION_INDEX": "1", "SLURM_ARRAY_TASK_ID": "1"],
                .contradiction("both SLURM_ARRAY_TASK_ID and JOB_COMPLETION_INDEX are set")
            ),
            ("auto", ["SLURM_ARRAY_TASK_ID": "1"], .badVariable("SLURM_ARRAY_TASK_COUNT", value: "")),
            (
                "auto/3", ["SLURM_ARRAY_TASK_ID": "1", "SLURM_ARRAY_TASK_MIN": "0", "SLURM_ARRAY_TASK_COUNT": "4"],
                .contradiction("SLURM_ARRAY_TASK_COUNT is 4, but 3 parts were asked for")
            ),
            // The array 1,2,7.
            (
                "auto", ["SLURM_ARRAY_TASK_ID": "7", "SLURM_ARRAY_TASK_MIN": "1", "SLURM_ARRAY_TASK_COUNT": "3"],
                .contradiction("task 7 of an array that begins at 1 in steps of 1 is none of its 3 tasks")
            ),
        ])
    func refused(text: String, environment: [String: String], expected: ShardError) {
        #expect(throws: expected) { try Shard(text, environment: environment) }
        #expect(expected.description.count < 200)
    }
}
