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
/// They never change the step's result: if they do not get the script, the function runs its command without it. They set no
/// variable of the step's shell, work under `set -euo pipefail`, and leave no file behind, neither a key nor in the checkout.
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
    private static let script = #"sh "$sallyport/sallyport-attach/sallyport-attach""#
    /// The beginning of the function: a subshell, with a folder that goes at its end.
    private static let folder =
        #"sallyport() (sallyport=$(mktemp -d) && trap 'rm -rf "$sallyport"' EXIT INT TERM &&"#
    private static let archive = "sallyport-attach.tar.gz"
    private static let newLine = "\\\n           "

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
            "    \(Self.folder)",
            // A shell that prints its commands does not print these.
            #"        (set +x; umask 077; cd "$sallyport" && echo "$SALLYPORT_ATTACH_KEY" >key &&"#,
            #"        echo "sallyport $SALLYPORT_ATTACH_HOST_KEY" >host &&"#,
            "        \(fetching) | tar xz && rm key) &&",
        ] + running() + [""] + aboutTheSecret
    }

    /// As a job fetches the archive, which has nothing but its secret.
    private var fetching: String {
        gateway.command(
            AttachBundleCommand.manual.name + #" "$(uname -m)""#,
            options: [
                "-n", "-F none", "-i key", "-o IdentitiesOnly=yes", "-o BatchMode=yes",
                "-o HostKeyAlias=sallyport", Self.newLine, "-o UserKnownHostsFile=host",
                "-o GlobalKnownHostsFile=/dev/null", Self.newLine,
            ], program: "timeout \(Self.timeout) ssh")
    }

    /// The end of the function, and what is done with it.
    private func running(_ options: String = "") -> [String] {
        let port = gateway.port == 22 ? "" : " --port \(gateway.port)"
        return [
            #"        set -- \#(Self.script) \#(options)\#(gateway.destination)\#(port) -- "$@""#,
            #"        "$@")"#,
            "    sallyport make check",
        ]
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
            "",
            "Without a secret: put the archive (for arm64: attach-bundle arm64) where the job finds it, as in the repository.",
            "    \(gateway(AttachBundleCommand.manual.name)) >\(Self.archive)",
            "The job prints a code. The first to enter it has the machine: "
                + gateway("adopt CODE", terminal: true),
            "",
            "    \(exported)",
            "    \(Self.folder)",
            #"        tar xzf \#(Self.archive) -C "$sallyport" &&"#,
        ] + running("--pair ") + [""]
    }

    private var conclusion: String {
        let warning = "Whoever enters can read every secret of the step."
        guard hostKey == nil else { return warning }
        return warning + "\nHOST-KEY is this gateway's host key, TYPE BASE64: your administrator knows it."
    }

    private var exported: String {
        "export SALLYPORT_ATTACH_HOST_KEY='\(hostKey?.line ?? "HOST-KEY")'"
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
                hasArchive: AttachBundleCommand.Architecture.allCases.contains {
                    access(AttachBundleCommand.path($0, in: gateway.attachBundles), R_OK) == 0
                },
                pairs: machinesPair)
        }
        guard let selfService = service.selfService else { return use(lines(nil)) }
        selfService.keys(owner: person.id) { answer in
            let keys = try? answer.get().keys.filter { $0.isForAttaching && !$0.isPending }
            use(lines(keys?.map(KeyView.line)))
        }
    }

    /// Whether the build service takes machines that are nobody's, as far as is known without asking: [runner] counts if it is
    /// that of the service.
    private var machinesPair: Bool {
        let isOurRunner = configuration.service.url == "unix:\(configuration.runner.socket)"
        return service.pairings != nil && (!isOurRunner || configuration.runner.limits.pairing)
    }

    /// Nil if no key can be read there.
    private static func publicKey(in path: String) -> PublicKey? {
        guard let bytes = try? Data(contentsOf: URL(filePath: path)) else { return nil }
        return try? PublicKey.parse(line: String(decoding: bytes, as: UTF8.self)).key
    }
}
