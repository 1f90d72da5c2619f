// Sizes are part of every geometry, so whoever imports this module can name them.
@_exported public import struct UNETRSupport.Size3
