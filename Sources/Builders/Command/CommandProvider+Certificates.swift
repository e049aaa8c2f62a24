import FoundationEssentials
import Logging
import Provider
import TaskChannel

/// Certificates for the host keys of machines on which the runner is root.
extension CommandProvider {
    /// A certificate authority for host keys.
    public struct Authority: Sendable {
        /// The file of the private key.
        public var path: String
        /// `<type> <base64>`
        public var publicKey: String

        public init(path: String, publicKey: String) {
            self.path = path
            self.publicKey = publicKey
        }
    }

    /// Nil: the runner is not root there, or the machine gets its certificates when it dials.
    func certification(
        _ allocation: AllocationID, _ machine: AllocatedMachine, _ folder: AllocationFolder,
        _ channel: SSHTaskChannel
    ) -> HostCertification? {
        guard let authority = settings.authority, machine.user == "root", let names = machine.names,
            !names.isEmpty, case .address(let address, let port) = machine.place
        else { return nil }
        return HostCertification(
            authority: authority, allocation: allocation, folder: folder, names: names,
            identity: settings.identity, channel: channel, address: address, port: port, logger: logger)
    }

    /// Those that the machine has end when it was to end before. Nobody waits for the new ones.
    func renewCertificates(of allocation: AllocationID, until moment: Date) {
        let folder = AllocationFolder(of: allocation, in: settings.folder)
        guard var machine = folder.machine(), machine.isCertified == true else { return }
        machine.until = moment
        let renewed = builder(allocation, machine, folder)
        Task { await renewed.renewCertificates() }
    }
}
