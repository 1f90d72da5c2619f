public import UNETREngines
public import UNETRInference
public import UNETRModels
import UNETRTorchEngine

extension Segmenter {
    /// A segmenter computed by libtorch, in float32 unless a type is given: the same bits everywhere.
    public init(models: [ModelBundle], precision: EnginePrecision = .float32, options: SegmenterOptions = SegmenterOptions()) throws {
        try self.init(models: models, engines: .all, settings: EngineSettings(.torch, precision: precision), options: options)
    }

    public init(model: ModelBundle, precision: EnginePrecision = .float32, options: SegmenterOptions = SegmenterOptions()) throws {
        try self.init(models: [model], precision: precision, options: options)
    }
}
