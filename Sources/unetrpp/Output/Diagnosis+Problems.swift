import Foundation
import UNETREngines
import UNETRSupport
import UNETRTorch
import UNETRTorchEngine

extension Diagnosis {
    /// Why libtorch cannot be loaded; nil if it is.
    static var reasonWithoutLibtorch: String? {
        do {
            try Runtime.load()
            return nil
        } catch {
            return "\(error)"
        }
    }

    /// Without libtorch what OpenVINO compiles still runs.
    static func problem(withoutLibtorch reason: String) -> Problem {
        let hasOpenVINO = (try? OpenVINOProvider.besideLibtorch.loadOpenVINO()) != nil
        return Problem(
            what: reason + (hasOpenVINO ? "; only networks that the compiled engine takes can be run, and none trained" : ""),
            remedy: Advice.libtorch, isFatal: !hasOpenVINO)
    }

    /// A small product on the device: nil if it comes out right.
    static func trial(of device: Device) -> Problem? {
        do {
            let product = try Tensor.full([4, 8], 0.5, on: device).matmul(Tensor.full([8, 4], 2, on: device)).array(of: Float.self)
            guard product != [Float](repeating: 8, count: 16) else { return nil }
            return Problem(
                what: "a small matrix product on \(device) comes out as \(product[0]) instead of 8",
                remedy: "libtorch or the driver of the device is broken; install them anew or use another --device", isFatal: device == .cpu)
        } catch {
            return Problem(
                what: "a small matrix product on \(device) fails: \(error)",
                remedy: "update the driver of the device, or use another --device", isFatal: device == .cpu)
        }
    }

    /// Releases that differ in the second number do not fit together, even where the loader finds all names.
    var versionProblems: [Problem] {
        func release(_ version: String) -> [Substring] { Array(version.split(separator: ".").prefix(2)) }
        guard let running = libtorch.running else {
            return [Problem(what: "libtorch does not say its version", remedy: "make sure it is one of 2.11 to 2.13 (`make setup`)")]
        }
        guard release(running) != release(libtorch.builtFor) else { return [] }
        return [
            Problem(
                what: "this program was built for libtorch \(libtorch.builtFor) and runs with \(running)",
                remedy: "build it again (`make build`), or clear LD_LIBRARY_PATH if that leads to another libtorch", isFatal: true)
        ]
    }

    /// A GPU of this machine that cannot be used.
    var cudaProblems: [Problem] {
        guard Machine.hasNVIDIADriver, !devices.contains(where: { $0.hasPrefix("cuda") }) else { return [] }
        if libtorch.cudaLibraryLoaded {
            return [
                Problem(
                    what: "there is an NVIDIA driver and libtorch's CUDA part is loaded, but it sees no device",
                    remedy: "look at `nvidia-smi` and at CUDA_VISIBLE_DEVICES; an old driver must be as new as the CUDA release of libtorch")
            ]
        }
        let cuda = libtorch.path.map { URL(fileURLWithPath: $0).deletingLastPathComponent().appending(path: "libtorch_cuda.so").path }
        guard let cuda, FileManager.default.fileExists(atPath: cuda) else {
            return [
                Problem(
                    what: "there is an NVIDIA driver, but this libtorch is the build without CUDA",
                    remedy: "install the CUDA build of torch and run `make setup LIBTORCH=/path/of/it`")
            ]
        }
        let reason = dlopen(cuda, RTLD_NOW) == nil ? dlerror().map { String(cString: $0) } : nil
        return [
            Problem(
                what: "\(cuda) is there but cannot be loaded\(reason.map { ": \($0)" } ?? "")",
                remedy: "keep the nvidia packages that torch was installed with in the folder beside it, or install them again")
        ]
    }

    /// Settings that leave much of the processor unused.
    var processorProblems: [Problem] {
        var problems: [Problem] = []
        let environment = ProcessInfo.processInfo.environment
        if processor.threads < processor.cores, let name = ["OMP_NUM_THREADS", "MKL_NUM_THREADS"].first(where: { environment[$0] != nil }) {
            problems.append(Problem(what: "\(name) limits libtorch to \(processor.threads) of \(processor.cores) cores", remedy: "unset it"))
        }
        if let limit = processor.coreLimit, limit < Double(processor.cores) - 0.5 {
            let threads = max(1, Int(clampingRounded: limit, .towardZero) ?? 1)
            problems.append(
                Problem(
                    what: "this container may use \(String(format: "%.1f", limit)) of \(processor.cores) cores, but threads are made for all",
                    remedy: "pass --threads \(threads)"))
        }
        if let name = environment["ATEN_CPU_CAPABILITY"] {
            problems.append(Problem(what: "ATEN_CPU_CAPABILITY is \(name): libtorch may use slower instructions", remedy: "unset it"))
        }
        #if arch(x86_64)
            if !processor.instructionSets.contains("avx2"), !processor.instructionSets.isEmpty || processor.libtorchUses == "DEFAULT" {
                problems.append(Problem(what: "the processor has no AVX2, so everything is several times slower", remedy: "use a newer machine"))
            }
        #endif
        return problems
    }

    var memoryProblems: [Problem] {
        guard let available = memory.availableBytes, available < 3 << 30 else { return [] }
        return [
            Problem(
                what: String(format: "only %.1f GiB of memory are free", Double(available) / 0x1p30),
                remedy: "close other programs; a scan of 512 × 512 × 200 voxels needs several GiB")
        ]
    }
}
