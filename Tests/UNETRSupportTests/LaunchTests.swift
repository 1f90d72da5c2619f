import Testing
import UNETRSupport

/// What launchers set, as seen under torchrun of PyTorch 2.13, Open MPI 4.1.4 and Slurm 22.05, and what may be wrong with it.
struct LaunchTests {
    private static let slurm = [
        "SLURM_PROCID": "3", "SLURM_STEP_NUM_TASKS": "4", "SLURM_NTASKS": "4", "SLURM_LOCALID": "1", "SLURM_NODEID": "1", "SLURM_STEP_TASKS_PER_NODE": "2(x2)",
        "SLURM_STEP_NODELIST": "gnode[010,020-025]", "SLURM_JOB_ID": "1234567", "SLURM_STEP_ID": "2",
    ]
    private static let openMPI = [
        "OMPI_COMM_WORLD_RANK": "1", "OMPI_COMM_WORLD_SIZE": "2", "OMPI_COMM_WORLD_LOCAL_RANK": "1", "OMPI_COMM_WORLD_LOCAL_SIZE": "2",
        "PMIX_NAMESPACE": "host@7/1",
    ]
    private static let torchrun = [
        "RANK": "5", "WORLD_SIZE": "8", "LOCAL_RANK": "1", "LOCAL_WORLD_SIZE": "4", "MASTER_ADDR": "node7", "MASTER_PORT": "41234",
        "TORCHELASTIC_USE_AGENT_STORE": "True", "TORCHELASTIC_RESTART_COUNT": "2", "TORCHELASTIC_RUN_ID": "none",
    ]

    @Test func `Without a launcher, and with one process, there is nothing to join`() throws {
        #expect(try Launch.find(in: [:]) == nil)
        #expect(try Launch.find(in: ["RANK": "0", "WORLD_SIZE": "1"]) == nil)
        #expect(try Launch.find(in: ["OMPI_COMM_WORLD_RANK": "0", "OMPI_COMM_WORLD_SIZE": "1"]) == nil)
        // A script of sbatch: nobody starts other tasks before srun does.
        #expect(try Launch.find(in: ["SLURM_PROCID": "0", "SLURM_NTASKS": "2", "SLURM_JOB_ID": "7"]) == nil)
        // srun with one task, such as an interactive shell.
        #expect(try Launch.find(in: ["SLURM_PROCID": "0", "SLURM_STEP_NUM_TASKS": "1", "SLURM_STEP_NODELIST": "a", "SLURM_JOB_ID": "7"]) == nil)
    }

    @Test func `Each launcher is understood`() throws {
        #expect(
            try Launch.find(in: Self.torchrun)
                == Launch(
                    launcher: .torchrun, rank: 5, count: 8, localRank: 1, localCount: 4, meetingPoint: .address(host: "node7", port: 41234, isServed: true),
                    name: "none-2"))
        #expect(
            try Launch.find(in: Self.openMPI)
                == Launch(
                    launcher: .mpirun, rank: 1, count: 2, localRank: 1, localCount: 2, meetingPoint: .fileNamed(".meeting-host-7-1"), name: "host@7/1"))
        #expect(
            try Launch.find(in: Self.slurm)
                == Launch(
                    launcher: .srun, rank: 3, count: 4, localRank: 1, localCount: 2,
                    meetingPoint: .address(host: "gnode010", port: 15000 + 4569, isServed: false), name: "1234567.2.0"))
        let pmi = try #require(try Launch.find(in: Self.slurm.merging(["PMI_RANK": "3", "PMI_SIZE": "4"]) { $1 }))
        #expect(pmi.launcher == .pmi && pmi.rank == 3 && pmi.localCount == 2)
        let hand = try #require(try Launch.find(in: ["RANK": "1", "WORLD_SIZE": "2", "MASTER_ADDR": "127.0.0.1"]))
        #expect(hand.launcher == .variables && hand.meetingPoint == .address(host: "127.0.0.1", port: 29500, isServed: false) && !hand.isLocal)
    }

    @Test func `The innermost launcher counts`() throws {
        // mpirun in a script of sbatch gives every rank the script's SLURM_PROCID; torchrun is started by srun or mpirun, once a node.
        let all = Self.slurm.merging(Self.openMPI) { $1 }.merging(Self.torchrun) { $1 }
        #expect(try Launch.find(in: all)?.rank == 5)
        let batch = ["SLURM_PROCID": "0", "SLURM_NTASKS": "2", "SLURM_JOB_ID": "7", "SLURM_STEP_NODELIST": "a"].merging(Self.openMPI) { $1 }
        #expect(try Launch.find(in: batch)?.rank == 1)
        #expect(try Launch.find(in: batch)?.meetingPoint == .fileNamed(".meeting-host-7-1"))
        #expect(try Launch.find(in: Self.openMPI.merging(["MASTER_ADDR": "a"]) { $1 })?.meetingPoint == .address(host: "a", port: 29500, isServed: false))
        let given = try Launch.find(in: Self.torchrun, meetingPoint: "file:///shared/meeting")
        #expect(given?.meetingPoint == .file(path: "/shared/meeting"))
        #expect(try Launch.find(in: ["RANK": "1", "WORLD_SIZE": "2"], meetingPoint: "a:1")?.meetingPoint == .address(host: "a", port: 1, isServed: false))
    }

    @Test(arguments: [
        ("node7", "node7"), ("gnode[10,20-25]", "gnode10"), ("n[001-004]-ib,m1", "n001-ib"), ("login-1,n[2-3]", "login-1"), ("a[1-2]b[3,4]", "a1b3"),
        ("m1,n[2,3]-ib", "m1"), ("", ""),
    ])
    func `The first host of a list is found`(list: String, host: String) throws {
        let variables = Self.slurm.merging(["SLURM_STEP_NODELIST": list]) { $1 }
        #expect(try Launch.find(in: variables)?.meetingPoint == .address(host: host, port: 19569, isServed: false))
    }

    @Test(
        arguments: [
            (["RANK": "1"], "the environment variable RANK is set, but WORLD_SIZE is not; set both for several processes, or neither"),
            (["WORLD_SIZE": "2"], "the environment variable WORLD_SIZE is set, but RANK is not; set both for several processes, or neither"),
            (["RANK": "2", "WORLD_SIZE": "2"], "the environment variable RANK is 2, but WORLD_SIZE is 2; ranks are counted from 0, so the last is 1"),
            (["RANK": "one", "WORLD_SIZE": "2"], "the environment variable RANK is 'one'; expected a whole number from 0 to 65535"),
            (["RANK": "0", "WORLD_SIZE": "0"], "the environment variable WORLD_SIZE is '0'; expected a whole number from 1 to 65536"),
            (
                ["RANK": "0", "WORLD_SIZE": "2", "MASTER_ADDR": "a", "MASTER_PORT": "99999"],
                "the environment variable MASTER_PORT is '99999'; expected a whole number from 1 to 65535"
            ),
            (
                ["RANK": "0", "WORLD_SIZE": "2", "MASTER_ADDR": "a", "LOCAL_RANK": "1", "LOCAL_WORLD_SIZE": "1"],
                "the environment variable LOCAL_RANK is 1, but LOCAL_WORLD_SIZE is 1; ranks are counted from 0, so the last is 0"
            ),
            (
                ["RANK": "0", "WORLD_SIZE": "2"],
                "somebody started several processes, but does not say where they find each other; set MASTER_ADDR to the host of rank 0 and MASTER_PORT to a "
                    + "free port, for all processes alike"
            ),
            (["OMPI_COMM_WORLD_RANK": "4", "OMPI_COMM_WORLD_SIZE": "2"], "OMPI_COMM_WORLD_RANK is 4"),
            (["SLURM_STEP_NUM_TASKS": "2"], "SLURM_STEP_NUM_TASKS is set, but SLURM_PROCID is not"),
        ] as [([String: String], String)])
    func `Variables that contradict each other are refused`(variables: [String: String], sentence: String) {
        let error = #expect(throws: LaunchError.self) { try Launch.find(in: variables) }
        #expect(error?.description.contains(sentence) == true, "\(error?.description ?? "")")
    }

    @Test(arguments: ["node7", "node7:0", ":1", "a:b", "file://", "a:1:2"])
    func `A meeting point that is none is refused`(text: String) {
        #expect(throws: LaunchError.badMeetingPoint(text)) { try Launch.find(in: Self.torchrun, meetingPoint: text) }
    }
}
