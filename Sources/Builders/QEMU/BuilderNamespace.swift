import Foundation
public import Provider
import SystemPackage
import TaskChannel

/// The user namespace in which QEMU runs as another user of this host than the runner.
///
/// In it, user 0 is the runner and user 1 is the builders' account (user_namespaces(7)). Writing that table takes
/// CAP_SETUID and CAP_SETGID, which nothing after that needs. So the runner begins as a short script, which makes the
/// namespace, tries it, gives up the capabilities, and executes the runner again with the namespace as a descriptor.
/// The runner owns the namespace: it can enter it, and signal every process in it, without being privileged.
public struct BuilderNamespace: Sendable, Hashable {
    /// Where our child processes find the namespace.
    let path: String
    /// Whose rights QEMU has in it: the numbers of the builders' user, its group, and the group of KVM, if it is lent.
    var account = ""
    /// Why the builders' account cannot use KVM; nil: it can.
    var kvmObstacle: String?
    /// Why there can be no network namespaces in it; nil: there can.
    var networkObstacle: String?

    /// What the script leaves in the environment: the namespace's descriptor, whether KVM can be used in it, whether there can be
    /// network namespaces, and the account; or why there is no namespace, and what to do.
    private static let variable = "SALLYPORT_BUILDER_NAMESPACE"
    private static let descriptor: CInt = 3

    /// The one that the script has made; nil: there is none.
    public static var inherited: BuilderNamespace? {
        guard let words = found?.split(separator: " "), words.first == "\(descriptor)" else { return nil }
        return BuilderNamespace(
            path: "/proc/\(getpid())/fd/\(descriptor)", account: words.dropFirst(3).joined(separator: " "),
            kvmObstacle: words.contains("kvm") ? nil : "the builders' account cannot open /dev/kvm",
            networkObstacle: words.contains("net") ? nil : "this host allows no network namespaces")
    }

    /// Why there is none, and what to do, in two sentences without the last full stop; nil: there is one.
    static var obstacle: String? {
        inherited == nil ? found ?? "the runner has not been started with it. \(unit)" : nil
    }

    private static let unit = "Start the runner by its unit"

    private static var found: String? { getenv(variable).map { String(cString: $0) } }

    /// Executes this program again, without capabilities unless it is root's, and with the namespace or the reason why
    /// there is none. Returns if it has been executed that way already.
    ///
    /// - Parameter account: the name of the builders' account; nil: there need be no namespace.
    public static func obtain(account: String?) throws(MachineError) {
        guard found == nil else { return }
        let program = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
        guard let program else { throw MachineError(.startFailed, detail: "/proc/self/exe") }
        let words = ["sh", "-c", script, "sh", account ?? "", program] + CommandLine.arguments.dropFirst()
        var arguments = words.map { strdup($0) } + [nil]
        execv("/bin/sh", &arguments)
        throw MachineError(.startFailed, detail: "/bin/sh: \(String(cString: strerror(errno)))")
    }

    /// The programs that this and ``Confinement`` need.
    private static let programs = [
        "unshare", "nsenter", "setpriv", "setsid", "flock", "mount", "umount", "pivot_root",
    ]

    /// $1 is the builders' account, or empty; the remaining arguments are executed.
    ///
    /// In the namespace, group 2 is the one that can use KVM, if that is a group of its own.
    private static let script = #"""
        account=$1
        shift
        PATH=\#(ShortCommand.path):$PATH
        refuse() { reason=$1; return 1; }
        make() {
            for tool in \#(programs.joined(separator: " ")); do
                command -v "$tool" >/dev/null ||
                    refuse "not installed: $tool. Install util-linux" || return
            done
            user=$(id -u) group=$(id -g)
            builder=$(id -u -- "$account" 2>/dev/null) && builders=$(id -g -- "$account") ||
                refuse "there is no user $account. Add it (docs/installation.md), or correct builder_account" ||
                return
            [ "$builder" != "$user" ] && [ "$builder" != 0 ] ||
                refuse "$account is the runner's own user, or root. Name another user in builder_account" || return
            # Either the number of a process or unshare's own words.
            holder=$(unshare --user sh -c 'echo $$; exec sleep 60 >/dev/null 2>&1' 2>&1 &)
            case $holder in
                "" | *[!0-9]*)
                    said=$(echo "$holder" | head -n 1) holder=
                    refuse "no user namespace: ${said:-unshare fails}. Allow them (user.max_user_namespaces)" || return ;;
            esac
            exec 3<"/proc/$holder/ns/user"
            ids="$builder $builders"
            users="0 $user 1
        1 $builder 1"
            groups="0 $group 1
        1 $builders 1"
            case $(stat -c %a:%g /dev/kvm 2>/dev/null) in
                *:0 | *:"$group" | *:"$builders") ;;
                ?6?:* | ?7?:*) groups="$groups
        2 $(stat -c %g /dev/kvm) 1"
                    ids="$ids $(stat -c %g /dev/kvm)" ;;
            esac
            { printf '%s\n' "$users" >"/proc/$holder/uid_map" && printf '%s\n' "$groups" >"/proc/$holder/gid_map"; } \
                2>/dev/null || refuse "the runner lacks the capabilities CAP_SETUID and CAP_SETGID. \#(unit)" ||
                return
            tried=$(nsenter --user="/proc/$holder/ns/user" --preserve-credentials \
                unshare --mount --pid --ipc --fork sh -c 'mount --rbind /usr /usr &&
                    exec setpriv --reuid=1 --regid=1 --clear-groups --no-new-privs true' 2>&1) ||
                refuse "$(echo "$tried" | head -n 1). \#(unit), on a host that allows mount namespaces" || return
            net=no
            if nsenter --user="/proc/$holder/ns/user" --preserve-credentials unshare --net true 2>/dev/null; then net=net; fi
            kvm=no
            groups=--clear-groups
            [ "$(echo "$ids" | wc -w)" = 2 ] || groups=--groups=2
            if nsenter --user="/proc/$holder/ns/user" --preserve-credentials setpriv --reuid=1 --regid=1 "$groups" \
                sh -c 'test -r /dev/kvm && test -w /dev/kvm'; then kvm=kvm; fi
        }
        holder=
        if [ -z "$account" ]; then reason="nobody has asked for it"; else make && reason="\#(descriptor) $kvm $net $ids"; fi
        [ -z "$holder" ] || kill "$holder"
        export \#(variable)="${reason:-unknown}"
        if [ "$(id -u)" = 0 ] || ! command -v setpriv >/dev/null; then exec "$@"; fi
        exec setpriv --inh-caps=-all --ambient-caps=-all --no-new-privs -- "$@"
        """#
}
