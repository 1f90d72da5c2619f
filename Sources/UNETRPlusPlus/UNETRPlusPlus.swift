// What an app needs, under one name: `import UNETRPlusPlus`.
@_exported public import UNETRArchitectures
@_exported public import UNETRArchives
@_exported public import UNETREngines
@_exported public import UNETREvaluation
@_exported public import UNETRInference
@_exported public import UNETRLayers
@_exported public import UNETRModels
@_exported public import UNETRNetworks
@_exported public import UNETRPlanning
@_exported public import UNETRPreparation
@_exported public import UNETRQuantization
@_exported public import UNETRTorch
@_exported public import UNETRTorchEngine
@_exported public import UNETRTraining
@_exported public import UNETRVolumes
@_exported public import UNETRWorkflows

@_exported public import struct UNETRSupport.Launch
@_exported public import enum UNETRSupport.OutputError
@_exported public import struct UNETRSupport.OutputRule
@_exported public import struct UNETRSupport.Size3
