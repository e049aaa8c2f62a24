import SystemPackage

/// The network of a machine that can reach the internet, but neither this host nor private networks.
///
/// QEMU runs in its own network namespace, whose rules it cannot change. The only way out of it is
/// slirp4netns(1), an ordinary program on the host, which needs no privilege and changes nothing of the host's network.
/// Without the rules QEMU is not started. There is no IPv6.
struct OutboundNetwork: Sendable {
    let folder: MachineFolder
    let limits: OutboundLimits

    /// The address from which slirp4netns forwards queries to the host's name server.
    static let nameServer = "192.0.2.3"

    /// What the script needs.
    static let programs = ["slirp4netns", "nft", "ip", "unshare", "nsenter", "setpriv", "mount"]

    /// The prefix of the script's own messages.
    static let complaint = "sallyport-network: "

    /// The arguments that run a command in such a network namespace.
    ///
    /// - Parameter namespace: owns the network namespace; nil: a new one does, and the command gets no capability.
    func arguments(running command: [String], in namespace: BuilderNamespace?) -> [String] {
        let space =
            namespace.map { ["nsenter", "--user=\($0.path)", "--preserve-credentials", "unshare", "--net"] }
            ?? ["unshare", "--user", "--map-root-user", "--net"]
        let dropping =
            namespace == nil
            ? ["setpriv", "--bounding-set=-all", "--inh-caps=-all", "--no-new-privs", "--"] : []
        return [
            "sh", "-c", Self.script, "sh", folder.path.string, limits.rules, space.joined(separator: " "),
        ]
            + dropping + command
    }

    /// $1 is a folder, $2 the rules, $3 the words that make a network namespace; the remaining arguments are run.
    ///
    /// slirp4netns ends when no process has the fifo `net.lives` open for writing: when QEMU has ended.
    private static let script = """
        set -e
        folder=$1 rules=$2 new=$3
        shift 3
        fail() { echo "\(complaint)$1" >&2; exit 1; }
        for tool in \(programs.joined(separator: " ")); do
            command -v "$tool" >/dev/null || fail "the program $tool is missing"
        done
        host=$(ip -4 -o address show | sed 's,.* inet \\([0-9.]*\\).*,\\1,' | sort -u | paste -s -d ,)
        [ -n "$host" ] || fail "the addresses of this host are unknown"
        rules=$(echo "$rules" | sed "s/HOST/$host/")

        space= said=$folder/net.said lives=$folder/net.lives
        rm -f "$said" "$lives"
        mkfifo -m 0600 "$said" "$lives"
        trap 'rm -f "$said" "$lives"; [ -z "$space" ] || kill "$space"' EXIT
        $new sh -c 'echo made; exec sleep 60' \\
            </dev/null >"$said" 2>"$folder/net.log" \(Confinement.monitor)>&- \(Confinement.console)>&- 9>&- &
        space=$!
        read -r line <"$said" || fail "there is no network namespace: $(cat "$folder/net.log")"

        exec 5<>"$lives"
        # Its root has /etc and /run. Of /run it sees nothing but what /etc/resolv.conf leads to, and so no socket of ours.
        setsid nsenter --user="/proc/$space/ns/user" --preserve-credentials unshare --mount sh -ec '
            names=$(readlink -f /etc/resolv.conf) names=${names%/*}
            mount -t tmpfs tmpfs "$0"
            case $names in
                /run) cp /etc/resolv.conf "$0" ;;
                /run/*) [ ! -d "$names" ] || { mkdir -p "$0${names#/run}"; mount --bind "$names" "$0${names#/run}"; } ;;
            esac
            mount --rbind "$0" /run
            exec "$@"' "$folder/emulator" \\
            slirp4netns --configure --mtu=1500 --cidr=192.0.2.0/24 --disable-host-loopback --enable-sandbox \\
            --enable-seccomp --exit-fd=4 --ready-fd=7 "$space" tap0 \\
            </dev/null >"$folder/net.log" 2>&1 \(Confinement.monitor)>&- 4<"$lives" 5>&- 7>"$said" 9>&- &
        exec 6>"$lives" 5>&-
        [ "$(head -c 1 <"$said")" = 1 ] || fail "slirp4netns: $(cat "$folder/net.log")"

        nsenter --user --net --preserve-credentials --target "$space" sh -c '
            echo "$0" | nft -f - || { echo "\(complaint)the rules are refused" >&2; exit 1; }
            exec "$@"' "$rules" "$@"
        """
}
