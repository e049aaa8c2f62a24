package import AllocatorPrograms
import BuildAPI
package import NodeOrder
import Provider
import QEMU
import SystemPackage

/// A builder on a node of a cluster: a virtual machine that lives as long as this process, and not longer.
package struct NodeMachine: Sendable {
    let order: MachineOrder
    /// The Slurm job's number: the name of the machine's folder.
    let name: String
    let report: @Sendable (JobComment) async throws(AllocatorFailure) -> Void

    /// How long a guest has to boot, on a busy node without KVM.
    private static let bootTime = Duration.seconds(300)

    package init(
        _ order: MachineOrder, name: String,
        report: @escaping @Sendable (JobComment) async throws(AllocatorFailure) -> Void
    ) {
        self.order = order
        self.name = name
        self.report = report
    }

    /// Starts the machine, reports where it is, and returns when it has ended. If the caller is cancelled, it is ended.
    package func run() async throws(AllocatorFailure) {
        guard var comment = JobComment(order.comment) else {
            throw AllocatorFailure("the order has no comment of ours")
        }
        let (folder, machine): (NodeFolder, Machine)
        do throws(AllocatorFailure) {
            try await checkImage()
            folder = try NodeFolder(in: order.folder, name: name)
            machine = try await boot(in: folder)
            comment.report = .ready(port: try port(of: machine), hostKeys: machine.hostKeys)
        } catch {
            // Whoever has ended it needs no reason.
            if !Task.isCancelled {
                comment.report = .failed(error.reason)
                try await report(comment)
            }
            throw error
        }
        defer { folder.remove() }
        do throws(AllocatorFailure) {
            try await report(comment)
        } catch {
            await machine.end()
            throw error
        }
        await machine.waitUntilEnded()
        await machine.end()
    }

    private func checkImage() async throws(AllocatorFailure) {
        let found = try await ImageDigest.of(order.image)
        guard found == order.digest else {
            throw AllocatorFailure("the image in \(order.image) is another one: its SHA-256 is \(found)")
        }
    }

    /// Removes the folder if there is no machine in the end.
    private func boot(in folder: NodeFolder) async throws(AllocatorFailure) -> Machine {
        let machine: Machine
        do throws(MachineError) {
            machine = try await Machine.start(try specification(in: folder))
        } catch {
            folder.remove()
            throw Self.failure(error)
        }
        do throws(MachineError) {
            try await machine.waitUntilAnswering(before: .now + Self.bootTime)
            return machine
        } catch {
            await machine.end()
            folder.remove()
            throw Self.failure(error)
        }
    }

    private func specification(in folder: NodeFolder) throws(MachineError) -> MachineSpecification {
        guard let accelerator = Accelerator(rawValue: order.accelerator), order.firstPort <= order.lastPort
        else { throw MachineError(.startFailed, detail: "the order is not one of this version") }
        return MachineSpecification(
            folder: FilePath(folder.path), image: FilePath(order.image),
            place: HostPort(address: "0.0.0.0", ports: order.firstPort...order.lastPort), endsWithUs: true,
            memory: order.memory, processors: order.processors, accelerator: accelerator,
            // Nobody here logs in.
            authorizedKeys: order.authorizedKeys, identity: "/dev/null", life: order.life, grace: 0)
    }

    private func port(of machine: Machine) throws(AllocatorFailure) -> Int {
        guard case .address(_, let port) = machine.endpoint else {
            throw AllocatorFailure("the machine has no port")
        }
        return Int(port)
    }

    private static func failure(_ error: MachineError) -> AllocatorFailure {
        let detail = error.detail.split(whereSeparator: \.isNewline).last.map { ": \($0)" } ?? ""
        return AllocatorFailure("\(error.description.dropLast())\(detail)")
    }
}
