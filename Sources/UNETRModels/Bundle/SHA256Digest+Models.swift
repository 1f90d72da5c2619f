import UNETRPlanning
package import UNETRSupport

extension SHA256Digest {
    /// The digest of plans and weights of models that make a mask together.
    ///
    /// - Parameters:
    ///   - groups: the models in the groups that they are averaged in.
    ///   - task: what they make together; nil where they are averaged.
    /// - Throws: `FileError`, and what encoding a plan throws.
    package init(ofModels groups: [[ModelBundle]], task: ModelTask?) throws {
        var model = Hasher()
        if let task { model.add(String(decoding: try JSONText.encode(task, .line), as: UTF8.self)) }
        for group in groups {
            for bundle in group { model.add("\(SHA256Digest(of: try bundle.plan.json())) \(try bundle.weightsDigest())\n") }
            model.add("\n")
        }
        self = model.finish()
    }
}
