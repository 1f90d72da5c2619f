/// Why samples cannot be drawn or changed as asked.
public enum AugmentationError: Error, Equatable, Sendable, CustomStringConvertible {
    /// A number of the plan is outside what makes sense.
    case plan(field: String, expected: String, found: String)
    /// A size with an axis below one voxel, or levels larger than the patch.
    case size(of: String, expected: String, found: String)
    /// A case whose arrays do not have the size it states.
    case source(case: Int, array: String, expected: Int, found: Int)
    /// A list that must not be empty, or a rank outside the world.
    case loader(field: String, expected: String, found: String)

    /// One sentence: what is wrong, where, and what to do.
    public var description: String {
        switch self {
        case .plan(let field, let expected, let found):
            "Augmentation plan: \(field) must be \(expected), found \(found); correct the plan."
        case .size(let what, let expected, let found):
            "\(what): expected \(expected), found \(found); choose another size."
        case .source(let index, let array, let expected, let found):
            "Case number \(index): its \(array) should hold \(expected) values but holds \(found); prepare the case again."
        case .loader(let field, let expected, let found):
            "Batch loader: \(field) must be \(expected), found \(found)."
        }
    }
}
