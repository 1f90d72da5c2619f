import CFuzz
import Foundation

/// What libFuzzer calls: once at the start, then for every input.
///
/// An input fails when it crashes the program, when address sanitizer finds something, when it takes longer than libFuzzer's `-timeout`,
/// or when more memory is allocated at once than 64 MB and fifty times its length. Memory is counted at the allocator, so that what the
/// sanitizer itself takes does not matter; a mapped file is not counted.
enum Fuzz {
    static let bytesForAnyInput = 64 << 20
    static let bytesPerInputByte = 50

    nonisolated(unsafe) static var target = FuzzTarget.all[0]
    /// Whether the reader's answer is printed, for looking at single inputs.
    nonisolated(unsafe) static var shows = false
    nonisolated(unsafe) static var scratch = URL(fileURLWithPath: NSTemporaryDirectory())

    static func run(_ input: UnsafeRawBufferPointer) {
        let url = target.place(in: scratch)
        write(input, to: url.path)
        fuzz_begin()
        do {
            try target.read(url)
            if shows { print("read") }
        } catch {
            let sentence = "\(error)"  // must be made without harm, too
            if shows { print(sentence) }
        }
        let (peak, most) = (Int(fuzz_peak()), bytesForAnyInput + bytesPerInputByte * input.count)
        guard peak > most else { return }
        print("Too much memory: \(peak) bytes at once for an input of \(input.count) bytes; allowed are \(most).")
        fflush(nil)
        abort()
    }

    private static func write(_ input: UnsafeRawBufferPointer, to path: String) {
        let descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0o600)
        guard descriptor >= 0, Foundation.write(descriptor, input.baseAddress, input.count) == input.count, close(descriptor) == 0 else {
            print("\(path) cannot be written")
            exit(2)
        }
    }

    /// Finds `--target=NAME` and `--show`, which libFuzzer passes over.
    static func start(_ arguments: [String]) {
        shows = arguments.contains("--show")
        let name = arguments.compactMap { $0.hasPrefix("--target=") ? String($0.dropFirst(9)) : nil }.last ?? ""
        guard let target = FuzzTarget.all.first(where: { $0.name == name }) else {
            print("--target=NAME is needed; known: \(FuzzTarget.all.map(\.name).joined(separator: " "))")
            exit(2)
        }
        Fuzz.target = target
        scratch.append(path: "fuzz-\(name)-\(getpid())")
        do {
            try FileManager.default.createDirectory(at: target.place(in: scratch).deletingLastPathComponent(), withIntermediateDirectories: true)
            try target.prepare(scratch)
        } catch {
            print("\(scratch.path) cannot be prepared: \(error)")
            exit(2)
        }
        atexit { try? FileManager.default.removeItem(at: Fuzz.scratch) }
        fuzz_watch_allocations()
    }
}

@_cdecl("LLVMFuzzerInitialize")
public func initialize(
    _ count: UnsafeMutablePointer<CInt>, _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<UnsafeMutablePointer<CChar>>>
) -> CInt {
    Fuzz.start((0..<Int(count.pointee)).map { String(cString: arguments.pointee[$0]) })
    return 0
}

@_cdecl("LLVMFuzzerTestOneInput")
public func testOneInput(_ bytes: UnsafePointer<UInt8>, _ count: Int) -> CInt {
    Fuzz.run(UnsafeRawBufferPointer(start: bytes, count: count))
    return 0
}
