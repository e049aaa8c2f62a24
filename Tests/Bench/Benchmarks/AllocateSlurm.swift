import ArgumentParser
import BuildAPI
import FoundationEssentials
import Glibc
import NIOCore
import NIOHTTP1
import TestBed

/// From submitting a job until its task begins: in a builder that Slurm starts on a node, and in one that the runner starts
/// itself. Both are this machine, with the same image, memory, processors and accelerator.
///
/// It runs inside a test bed of its own as root, where Slurm is; `Run` starts it.
struct AllocateSlurm: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: name, shouldDisplay: false)

    static let name = "allocate-slurm"
    private static let image = "debian"
    private static let owner = "somebody"
    private static let rounds = 5
    /// For all rounds, on a machine without KVM.
    private static let limit = 600

    @Option var folder: String
    @Option var socket: String
    @Option var programs: String
    @Option var images: String
    @Option var cluster: String

    private var imageFolder: String { "\(images)/\(Self.image)" }

    /// Runs it in a test bed.
    ///
    /// - Parameters:
    ///   - images: the folder of real images.
    ///   - cluster: the script that makes one.
    static func measure(
        in settings: TestBedSettings, images: String, cluster: String, _ report: Report
    ) async throws {
        try await SlurmNodes.demandPrograms()
        guard access("\(images)/\(image)/vmlinuz", F_OK) == 0 else {
            throw TestBedError("the image \(image) is missing: make image makes it")
        }
        var settings = settings
        settings.runner = "sallyport-runner"
        settings.images = images
        settings.gateways = []
        settings.slots = 1
        // As in the script.
        settings.memory = 384
        settings.allocator = "sallyport-slurm"
        settings.hasOwnNetwork = true
        let programs = settings.programs
        try await TestBed.with(settings) { testBed in
            try await testBed.measureInside(
                [
                    "\(programs)/sallyport-bench", name, "--folder", testBed.folder, "--socket",
                    testBed.serviceSocket, "--programs", programs, "--images", images, "--cluster", cluster,
                ], seconds: limit, report)
        }
    }

    func run() async throws {
        signal(SIGPIPE, SIG_IGN)
        let report = Report(only: [])
        let nodes = SlurmNodes(script: cluster, folder: "\(folder)/s")
        // The first of each kind does not count.
        let accelerator = try await accelerator()
        try await nodes.with(programs: programs, image: imageFolder, accelerator: accelerator) {
            _ = try await secondsUntilTask(pool: "hpc")
            var own: [Double] = []
            var slurm: [Double] = []
            for _ in 0..<Self.rounds {
                try await nodes.waitUntilNothingIsLeft()
                own.append(try await secondsUntilTask(pool: "local"))
                try await nodes.waitUntilNothingIsLeft()
                slurm.append(try await secondsUntilTask(pool: "hpc"))
            }
            let baseline = ("allocate-qemu", own.median)
            report.add(Figure(name: baseline.0, value: baseline.1, unit: "s"))
            report.add(Figure(name: Self.name, value: slurm.median, unit: "s", baseline: baseline))
            report.add(
                Figure(name: "\(Self.name)-more", value: slurm.median - own.median, unit: "s"))
        }
    }

    /// How the runner has its builders executed here, as nodes then shall.
    private func accelerator() async throws -> String {
        let kept = try await RunnerConnection.with(socket) { connection in
            _ = try await connection.addPerson(Self.owner)
            return try await connection.keptJob(owner: Self.owner, image: Self.image)
        }
        return try await RunnerConnection.with(socket) { connection in
            let job: Job = try await connection.value(.GET, "/v1/jobs/\(kept)")
            guard let accelerator = job.builder?.accelerator else {
                throw TestBedError("the runner does not say how its builders are executed")
            }
            try await connection.endBuilder(of: kept)
            return accelerator.rawValue
        }
    }

    /// Submits a job, and follows its own log to the end.
    ///
    /// - Returns: the seconds until the log said that the task has started.
    private func secondsUntilTask(pool: String) async throws -> Double {
        let manifest = "pool: \(pool)\n" + RunnerConnection.manifest("true", image: Self.image)
        let start = ContinuousClock.now
        let job = try await RunnerConnection.with(socket) {
            try await $0.submit(manifest, owner: Self.owner).id
        }
        let (log, begun) = try await RunnerConnection.with(socket) { connection in
            var log = ""
            var begun: ContinuousClock.Instant?
            _ = try await connection.follow(.GET, "/v1/jobs/\(job)/logs/setup?follow=true") { piece in
                log += String(buffer: piece)
                if begun == nil, log.contains("task task: started\n") { begun = .now }
            }
            return (log, begun)
        }
        guard let begun else {
            throw TestBedError("the task of job \(job) in the pool \(pool) has not begun", log: log)
        }
        return start.duration(to: begun).seconds
    }
}
