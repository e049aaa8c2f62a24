import AuthorizedKeys
import BuildAPI
import ConfigurationFile
import FoundationEssentials
import Glibc
import Presentation
import ServiceClient

/// The lines that `help attach` prints for this very gateway: what to paste into a step of a CI job, so that people can enter
/// its machine when its command fails.
///
/// They never change the step's result: if they do not get the script, `$attach` is empty, and the command runs without it.
/// They leave no key behind.
struct StepLines {
    let gateway: GatewayCommandLine
    /// That of the gateway's sshd; nil: the gateway cannot read it.
    let hostKey: PublicKey?
    /// The person's keys that are limited to attaching, each as a line of text; nil: the build service does not say.
    let keys: [String]?
    /// Whether the gateway has an archive to hand out.
    let hasArchive: Bool
    /// Whether machines can dial without a secret.
    let pairs: Bool

    /// How long a gateway that is away can hold up a step before its command starts.
    private static let timeout = 20
    /// Where the archive has the script; and what starts it, from a folder that starts no programs too.
    private static let script = "sh sallyport-attach/sallyport-attach"
    private static let archive = "sallyport-attach.tar.gz"

    var text: String {
        let lines = introduction + withSecret + (pairs ? withoutSecret : [""]) + [conclusion]
        return lines.joined(separator: "\n") + "\n"
    }

    private var introduction: [String] {
        let lines = [
            "For a CI job on Linux. Paste these lines into its step; your command is the last one, here `make check`.",
            "If it fails, you can enter the machine, in the step's folder and with its environment.",
        ]
        let missing =
            "This gateway has no archive yet. Its administrator can make it: make attach-bundle install-bundle"
        return lines + (hasArchive ? [""] : [missing, ""])
    }

    private var withSecret: [String] {
        [
            "    \(exported)",
            // A shell that prints its commands does not print this one.
            #"    key=$(mktemp) && host=$(mktemp) && (set +x; echo "$SALLYPORT_ATTACH_KEY") >$key &&"#,
            #"        echo "sallyport $SALLYPORT_ATTACH_HOST_KEY" >$host &&"#,
            "        \(fetching) | tar xz &&",
            "        attach='\(start())' || attach=",
            "    rm -f $key $host",
            "    $attach make check",
            "",
        ] + aboutTheSecret
    }

    /// As a job fetches the archive, which has nothing but its secret.
    private var fetching: String {
        gateway.command(
            AttachBundleCommand.manual.name,
            options: [
                "-n", "-F none", "-i $key", "-o IdentitiesOnly=yes", "-o BatchMode=yes",
                "-o HostKeyAlias=sallyport", "\\\n           ", "-o UserKnownHostsFile=$host",
            ], program: "timeout \(Self.timeout) ssh")
    }

    private var aboutTheSecret: [String] {
        let purpose =
            "SALLYPORT_ATTACH_KEY is a secret of the CI: a private key that can only attach machines."
        guard let key = keys?.first else {
            return [
                "\(purpose) To make one:",
                "    ssh-keygen -q -t ed25519 -N '' -f attach-key",
                "    \(gateway("keys add --attach-only --expires 90d")) <attach-key.pub",
            ]
        }
        return [purpose, "You have one: \(key)"]
    }

    private var withoutSecret: [String] {
        [
            "", "Without a secret: put the archive where the job finds it, such as into the repository.",
            "    \(gateway(AttachBundleCommand.manual.name)) >\(Self.archive)",
            "The job prints a code. The first to enter it has the machine: "
                + gateway("adopt CODE", terminal: true),
            "",
            "    \(exported)",
            "    tar xzf \(Self.archive) &&",
            "        attach='\(start("--pair "))' || attach=",
            "    $attach make check",
            "",
        ]
    }

    private var conclusion: String {
        let warning = "Whoever enters can read every secret of the step."
        guard hostKey == nil else { return warning }
        return warning + "\nHOST-KEY is this gateway's host key, TYPE BASE64: your administrator knows it."
    }

    private var exported: String {
        "export SALLYPORT_ATTACH_HOST_KEY='\(hostKey?.line ?? "HOST-KEY")'"
    }

    private func start(_ options: String = "") -> String {
        let port = gateway.port == 22 ? "" : " --port \(gateway.port)"
        return "\(Self.script) \(options)\(gateway.destination)\(port) --"
    }
}

extension SessionContext {
    /// Finds the lines for a step; nil if this build service takes no machines that dial out.
    func withStepLines(for person: Person, _ use: @escaping (StepLines?) -> Void) {
        guard service.attachments != nil else { return use(nil) }
        let gateway = configuration.gateway
        func lines(_ keys: [String]?) -> StepLines {
            StepLines(
                gateway: gatewayCommandLine, hostKey: Self.publicKey(in: gateway.hostKey), keys: keys,
                hasArchive: access(AttachBundleCommand.path(.amd64, in: gateway.attachBundles), R_OK) == 0,
                pairs: service.pairings != nil && configuration.runner.limits.pairing)
        }
        guard let selfService = service.selfService else { return use(lines(nil)) }
        selfService.keys(owner: person.id) { answer in
            let keys = try? answer.get().keys.filter { $0.isForAttaching && !$0.isPending }
            use(lines(keys?.map(KeyView.line)))
        }
    }

    /// Nil if no key can be read there.
    private static func publicKey(in path: String) -> PublicKey? {
        guard let bytes = try? Data(contentsOf: URL(filePath: path)) else { return nil }
        return try? PublicKey.parse(line: String(decoding: bytes, as: UTF8.self)).key
    }
}
