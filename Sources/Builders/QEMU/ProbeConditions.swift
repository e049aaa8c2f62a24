import Foundation
import SystemPackage

/// Everything that decides whether a guest boots with KVM: an answer is true as long as this is the same.
struct ProbeConditions: Hashable, Sendable {
    let image: FilePath
    /// The host's, which is another one after each start; nil: it is unknown.
    let boot: String?
    /// Whose rights QEMU has.
    let account: String
    /// The owner, mode and number of KVM's device; nil: there is none.
    private let device: String?
    /// Whether QEMU can use it, as far as that is known without a guest.
    let isAccessible: Bool
    /// When the image's files were changed, and how large they are.
    let files: [String]

    init(image: FilePath, namespace: BuilderNamespace?, device: String) {
        self.image = image
        boot = (try? String(contentsOfFile: "/proc/sys/kernel/random/boot_id", encoding: .utf8))?
            .trimmingCharacters(in: .whitespacesAndNewlines)
        account = namespace.map { "builder \($0.account)" } ?? "runner \(geteuid()) \(Self.groups)"
        isAccessible =
            namespace.map { $0.kvmObstacle == nil && access(device, F_OK) == 0 }
            ?? (access(device, R_OK | W_OK) == 0)
        self.device = Self.status(of: device).map {
            "\($0.st_uid):\($0.st_gid) \(String($0.st_mode, radix: 8)) \($0.st_rdev)"
        }
        let names = MachineSpecification.files(ofImage: image)
        files = [names.kernel, names.initramfs].map { file in
            Self.status(of: file.string).map { "\($0.st_mtim.tv_sec).\($0.st_mtim.tv_nsec) \($0.st_size)" }
                ?? "none"
        }
    }

    /// Where an answer is kept for other processes.
    private var file: FilePath { image.appending("kvm-probe") }

    /// The same text for the same conditions: a line.
    private var text: String? {
        guard let boot, let device else { return nil }
        return "\(boot), \(account), \(device), \(files.joined(separator: ", "))"
    }

    /// The answer that a process has found under these conditions.
    var keptAnswer: Accelerator? {
        let kept = try? String(contentsOfFile: file.string, encoding: .utf8)
        let lines = kept?.split(separator: "\n") ?? []
        guard let text, lines.count == 2, lines[0] == text else { return nil }
        return Accelerator(rawValue: String(lines[1]))
    }

    /// Keeps an answer, if this user can write to the image's folder.
    func keep(_ answer: Accelerator) {
        guard let text else { return }
        try? "\(text)\n\(answer.rawValue)\n".write(toFile: file.string, atomically: true, encoding: .utf8)
    }

    private static func status(of path: String) -> stat? {
        var status = stat()
        return stat(path, &status) == 0 ? status : nil
    }

    private static var groups: String {
        var groups = [gid_t](repeating: 0, count: max(0, Int(getgroups(0, nil))))
        let count = getgroups(CInt(groups.count), &groups)
        return ([getegid()] + groups.prefix(max(0, Int(count)))).sorted().map(String.init)
            .joined(separator: " ")
    }
}
