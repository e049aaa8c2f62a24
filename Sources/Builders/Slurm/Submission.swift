import AllocatorProtocol
import BuildAPI
import FoundationEssentials
import HelperPrograms
import NodeOrder

/// What is submitted for one allocation: the words after `sbatch`, and the batch script.
struct Submission: Equatable, Sendable {
    var options: [String]
    var script: String

    /// Seconds from the start of the Slurm job, in which the builder boots, before the job's lifetime begins.
    static let bootTime = 120

    /// Why there is none.
    struct Fault: Error, Equatable {
        var reason: String
    }

    init(_ request: AllocatorWire.Allocate, _ file: SlurmFile) throws(Fault) {
        let image = try Self.image(request.image, file)
        let minutes = min((request.lifetime + Self.bootTime + 59) / 60, file.time ?? .max)
        let comment = JobComment(pool: request.pool, job: request.job, owner: request.owner.name)
        options =
            file.options
            + [
                "--parsable", "--job-name=\(request.allocation)", "--comment=\(comment.text)",
                "--nodes=1", "--ntasks=1", "--cpus-per-task=\(image.processors)",
                "--mem=\(image.memory + SlurmFile.overhead)M", "--time=\(minutes)", "--no-requeue",
                // With any other value, nodes look for the account's own environment, which can take minutes.
                "--export=ALL", "--chdir=/",
            ] + Self.option("partition", file.partition) + Self.option("constraint", file.constraint)
            + Self.option("account", file.account) + Self.option("qos", file.qos)
        // An administrator can name other files.
        for stream in ["output", "error"]
        where !file.options.contains(where: { $0.hasPrefix("--\(stream)=") }) {
            options.append("--\(stream)=/dev/null")
        }
        let order = MachineOrder(
            image: image.folder, digest: image.digest, memory: image.memory, processors: image.processors,
            accelerator: file.accelerator, ports: file.ports, authorizedKeys: request.authorizedKeys,
            life: minutes * 60, folder: file.folder, comment: comment.text)
        script = try Self.script(order, program: file.program)
    }

    private static func image(_ name: String?, _ file: SlurmFile) throws(Fault) -> SlurmFile.Image {
        guard let name = name ?? file.image else {
            throw Fault(reason: "name an image: \(file.images.keys.sorted().joined(separator: ", "))")
        }
        guard let image = file.images[name] else {
            throw Fault(
                reason:
                    "the cluster has no image \(name), but \(file.images.keys.sorted().joined(separator: ", "))"
            )
        }
        return image
    }

    private static func option(_ name: String, _ value: String?) -> [String] {
        value.map { ["--\(name)=\($0)"] } ?? []
    }

    /// The order is one line, and begins with a brace: nothing in it ends the text for the program.
    private static func script(_ order: MachineOrder, program: String) throws(Fault) -> String {
        guard let line = try? JSON.encode(order) else { throw Fault(reason: "the order cannot be encoded") }
        return """
            #!/bin/sh
            # A builder of Sallyport's.
            exec \(program.shellWord) run <<'SALLYPORT'
            \(String(decoding: line, as: UTF8.self))
            SALLYPORT

            """
    }
}
