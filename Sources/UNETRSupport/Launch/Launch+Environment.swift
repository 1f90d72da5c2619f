extension Launch {
    /// What the environment says; nil for one process alone.
    ///
    /// The innermost launcher counts, whose variables a launcher around it may contradict: `RANK` and `WORLD_SIZE` before those of Open MPI, of PMI and of
    /// Slurm. Slurm sets `SLURM_PROCID` in scripts, too, where nobody starts other processes; only srun sets `SLURM_STEP_NUM_TASKS`.
    /// - Parameters:
    ///   - environment: the environment's variables.
    ///   - meetingPoint: "host:port" or "file:///path" instead of what the variables say.
    /// - Throws: `LaunchError` for variables that are no numbers or contradict each other.
    public static func find(in environment: [String: String], meetingPoint: String? = nil) throws -> Launch? {
        let launch = try Variables(values: environment, given: meetingPoint.map(point)).launch()
        return launch.flatMap { $0.count > 1 ? $0 : nil }
    }

    private static func point(_ text: String) throws -> MeetingPoint {
        if text.hasPrefix("file://"), text.count > 8 { return .file(path: String(text.dropFirst(7))) }
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count == 2, !parts[0].isEmpty, let port = Int(parts[1]), (1...65535).contains(port) else { throw LaunchError.badMeetingPoint(text) }
        return .address(host: String(parts[0]), port: port, isServed: false)
    }

    /// The first host of Slurm's notation: "node[007,010-012],login1" is node007.
    static func firstHost(ofSlurmList list: String) -> String {
        var host = "", isInside = false
        var characters = list[...]
        while let next = characters.popFirst() {
            switch next {
            case "[": isInside = true
            case "]": isInside = false
            case "," where isInside, "-" where isInside:
                // The rest of the bracket names other hosts.
                characters = characters.drop { $0 != "]" }
            case ",": return host
            default: host.append(next)
            }
        }
        return host
    }
}

/// The environment, asked launcher by launcher.
private struct Variables {
    let values: [String: String]
    /// Where to meet, whatever the variables say.
    let given: Launch.MeetingPoint?

    func launch() throws -> Launch? {
        if let found = try pair("RANK", "WORLD_SIZE") {
            let local = try locals("LOCAL_RANK", "LOCAL_WORLD_SIZE", found)
            let restarts = values["TORCHELASTIC_RESTART_COUNT"]
            return try Launch(
                launcher: restarts == nil ? .variables : .torchrun, rank: found.rank, count: found.count, localRank: local.rank, localCount: local.count,
                meetingPoint: found.count == 1 ? .fileNamed("") : address() ?? { throw LaunchError.noMeetingPoint(launcher: "somebody") }(),
                name: "\(values["TORCHELASTIC_RUN_ID"] ?? "run")-\(restarts ?? "0")")
        }
        if let found = try pair("OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE") {
            let local = try locals("OMPI_COMM_WORLD_LOCAL_RANK", "OMPI_COMM_WORLD_LOCAL_SIZE", found)
            return try launch(.mpirun, found, local, job: values["PMIX_NAMESPACE"] ?? values["OMPI_MCA_ess_base_jobid"])
        }
        let slurm = try values["SLURM_STEP_NUM_TASKS"] == nil ? nil : pair("SLURM_PROCID", "SLURM_STEP_NUM_TASKS")
        if let found = try pair("PMI_RANK", "PMI_SIZE") {
            let local = try slurm == nil ? locals("MPI_LOCALRANKID", "MPI_LOCALNRANKS", found) : slurmLocals(found)
            return try launch(.pmi, found, local, job: values["PMI_JOBID"])
        }
        return try slurm.map { try launch(.srun, $0, slurmLocals($0), job: nil) }
    }

    /// A launch by a launcher that names no host: Slurm's step does, and else a file will do.
    private func launch(_ launcher: Launch.Launcher, _ found: Pair, _ local: Pair, job: String?) throws -> Launch {
        let name = job ?? values["SLURM_JOB_ID"].map { "\($0).\(values["SLURM_STEP_ID"] ?? "0").\(values["SLURM_RESTART_COUNT"] ?? "0")" }
        let point: Launch.MeetingPoint
        if let address = try address() {
            point = address
        } else if let list = values["SLURM_STEP_NODELIST"], values["SLURM_STEP_NUM_TASKS"] != nil, launcher != .mpirun {
            // The rule of Lightning and others, with the step, since steps of one job may run side by side.
            let number = try self.number("SLURM_JOB_ID", 0...Int(Int32.max)) ?? 0, step = try self.number("SLURM_STEP_ID", 0...Int(UInt32.max)) ?? 0
            point = .address(host: Launch.firstHost(ofSlurmList: list), port: 15000 + (number + step) % 10000, isServed: false)
        } else if let name {
            point = .fileNamed(".meeting-" + name.map { $0.isLetter || $0.isNumber || $0 == "." ? String($0) : "-" }.joined())
        } else if found.count == 1 {
            point = .fileNamed("")
        } else {
            throw LaunchError.noMeetingPoint(launcher: launcher.rawValue)
        }
        return Launch(
            launcher: launcher, rank: found.rank, count: found.count, localRank: local.rank, localCount: local.count, meetingPoint: point, name: name ?? "run")
    }

    private typealias Pair = (rank: Int, count: Int)

    private func pair(_ rank: String, _ count: String) throws -> Pair? {
        switch (try number(rank, 0...Launch.most - 1), try number(count, 1...Launch.most)) {
        case (nil, nil): return nil
        case (_?, nil): throw LaunchError.missing(count, with: rank)
        case (nil, _?): throw LaunchError.missing(rank, with: count)
        case (let own?, let all?):
            guard own < all else { throw LaunchError.rankTooLarge(rank: rank, value: own, count: count, of: all) }
            return (own, all)
        }
    }

    /// Those on this machine; without a word about it, every process is taken to be on a machine of its own.
    private func locals(_ rank: String, _ count: String, _ all: Pair) throws -> Pair {
        guard let own = try number(rank, 0...Launch.most - 1) else { return (0, 1) }
        let most = try number(count, 1...all.count) ?? own + 1
        guard own < most else { throw LaunchError.rankTooLarge(rank: rank, value: own, count: count, of: most) }
        return (own, most)
    }

    private func slurmLocals(_ all: Pair) throws -> Pair {
        let own = try number("SLURM_LOCALID", 0...Launch.most - 1) ?? 0
        // "2(x3),1": two tasks on each of three nodes, one on the last.
        var counts: [Int] = []
        for entry in (values["SLURM_STEP_TASKS_PER_NODE"] ?? "").split(separator: ",") {
            let parts = entry.split { "(x)".contains($0) }.map { Int($0) ?? 0 }
            counts += Array(repeating: parts.first ?? 0, count: min(parts.count > 1 ? parts[1] : 1, Launch.most))
        }
        let node = try number("SLURM_NODEID", 0...Launch.most - 1) ?? 0
        return (own, min(all.count, max(own + 1, counts.indices.contains(node) ? counts[node] : 1)))
    }

    private func address() throws -> Launch.MeetingPoint? {
        if let given { return given }
        guard let host = values["MASTER_ADDR"], !host.isEmpty else { return nil }
        return .address(host: host, port: try number("MASTER_PORT", 1...65535) ?? 29500, isServed: values["TORCHELASTIC_USE_AGENT_STORE"] == "True")
    }

    private func number(_ name: String, _ range: ClosedRange<Int>) throws -> Int? {
        guard let text = values[name] else { return nil }
        guard let value = Int(text), range.contains(value) else {
            throw LaunchError.badVariable(name, value: text, expected: "a whole number from \(range.lowerBound) to \(range.upperBound)")
        }
        return value
    }
}
