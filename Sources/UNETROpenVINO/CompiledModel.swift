import COpenVINO
public import Foundation

/// The bytes that `CompiledModel.export(to:)` wrote, in memory that does not move.
public struct ExportedModel {
    private let data: NSData
    private let start: Int

    /// - Parameter start: where in the data they begin; a multiple of 64, for the sake of the weights in them.
    /// - Parameter data: the file's contents.
    public init(_ data: NSData, from start: Int) {
        precondition(start >= 0 && start <= data.length && start % 64 == 0)
        self.data = data
        self.start = start
    }

    /// Valid as long as this value, or a copy of it, lives.
    public var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: data.bytes + start, count: data.length - start) }
}

/// A network compiled by OpenVINO for the CPU it runs on.
///
/// Not for several threads at once: it computes one batch at a time, in memory it keeps between calls.
public final class CompiledModel {
    /// The type that products and convolutions are computed in.
    public enum Precision: String, Sendable, CaseIterable {
        /// Everything in float32.
        case float32 = "f32"
        /// Products and convolutions in bfloat16.
        case bfloat16 = "bf16"
    }

    private var core = COVCore(pointer: nil)
    private var model = COVModel(pointer: nil)
    private var request = COVRequest(pointer: nil)
    /// An imported model reads its weights from here as long as it lives.
    private let blob: ExportedModel?
    /// [N, C, D, H, W] of the input and the output.
    public let inputShape, outputShape: [Int]

    /// Compiles an ONNX model with these shapes. `OpenVINOLibrary.load` must have been called.
    /// - Throws: `OpenVINOError.refused`.
    public convenience init(onnx: Data, precision: Precision, threads: Int, inputShape: [Int], outputShape: [Int]) throws {
        try self.init(precision, threads: threads, inputShape, outputShape) { core, model in
            onnx.withUnsafeBytes { bytes in
                cov_compile(core, bytes.bindMemory(to: CChar.self).baseAddress, bytes.count, &model)
            }
        }
    }

    /// A model that `export(to:)` wrote with the same library on the same machine.
    /// - Parameter precision: that of the model when it was compiled.
    /// - Parameter inputShape: shape of the input.
    /// - Parameter threads: threads to use; nil: all processors.
    /// - Parameter outputShape: shape of the output.
    /// - Parameter blob: the compiled network.
    /// - Throws: `OpenVINOError.refused`.
    public convenience init(
        exported blob: ExportedModel, precision: Precision, threads: Int, inputShape: [Int], outputShape: [Int]
    ) throws {
        try self.init(precision, threads: threads, inputShape, outputShape, keeping: blob) { core, model in
            let bytes = blob.bytes
            return cov_import(core, bytes.bindMemory(to: CChar.self).baseAddress, bytes.count, &model)
        }
    }

    private init(
        _ precision: Precision, threads: Int, _ inputShape: [Int], _ outputShape: [Int], keeping blob: ExportedModel? = nil,
        _ make: (COVCore, inout COVModel) -> Int32
    ) throws {
        self.blob = blob
        self.inputShape = inputShape
        self.outputShape = outputShape
        try Self.check("start", cov_core_create(&core, precision.rawValue, "\(threads)"))
        try Self.check("compile the network", make(core, &model))
        try Self.check("prepare the network", cov_request_create(model, &request))
    }

    deinit {
        if request.pointer != nil { cov_request_free(request) }
        if model.pointer != nil { cov_model_free(model) }
        if core.pointer != nil { cov_core_free(core) }
    }

    /// Writes the compiled model to a file that only this library on this machine can read.
    public func export(to url: URL) throws { try Self.check("save the compiled network", cov_export(model, url.path)) }

    /// Computes one batch: `input` and `output` hold the elements of the two shapes in row-major order.
    /// - Throws: `OpenVINOError.shape` if a count is not that of its shape; `.refused`.
    public func compute(_ input: UnsafeBufferPointer<Float>, into output: UnsafeMutableBufferPointer<Float>) throws {
        guard input.count == inputShape.reduce(1, *) else { throw OpenVINOError.shape(found: [input.count], expected: inputShape) }
        guard output.count == outputShape.reduce(1, *) else { throw OpenVINOError.shape(found: [output.count], expected: outputShape) }
        let (inputSizes, outputSizes) = (inputShape.map(Int64.init), outputShape.map(Int64.init))
        try Self.check("compute", cov_infer(request, input.baseAddress, inputSizes, output.baseAddress, outputSizes))
    }

    private static func check(_ what: String, _ status: Int32) throws {
        guard status == 0 else { throw OpenVINOError.refused(what: what, reason: OpenVINOLibrary.message) }
    }
}
