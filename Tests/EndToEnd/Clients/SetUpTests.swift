import TestBed
import Testing

/// The lines that install, check and remove what `ssh-config` prints, on a person's machine as it may be.
@Suite struct SetUpTests {
    /// Makes `~/.ssh` one without a configuration, and gives it back at the end. `line ACTION` prints what to copy.
    private static let machine = """
        host=$1 port=$2 gateway=$3
        cp -a ~/.ssh ~/saved
        trap 'chmod 700 ~/.ssh; rm -rf ~/.ssh; mv ~/saved ~/.ssh' EXIT
        rm -f ~/.ssh/config ~/.ssh/sallyport*
        line() {
            ssh -F none -p "$port" "$gateway" ssh-config $([ "$1" = install ] || echo "--$1") "${@:2}" >printed
            sed -n '/^# .bin.sh/ { s/^# //p; q }' printed
        }

        """

    /// Whatever is set for the gateway, and for all hosts, the line's ssh and the one in the ProxyCommand carry bytes.
    @Test func whatAPersonHasSetForTheirSessionsChangesNothing() async throws {
        let testBed = try await SharedTestBed.get()
        let job = try await SharedJobs.wreck(testBed)
        let alice = try await Equipped.person(in: testBed)
        let finished = try await alice.sh(
            Self.machine + """
                cat >~/.ssh/config <<END
                Host ${gateway#*@}
                    RequestTTY force
                    RemoteCommand tmux
                    SessionType none
                    StdinNull yes
                    ForkAfterAuthentication yes
                    LocalForward $port 127.0.0.1:1
                    RemoteForward 8128 127.0.0.1:1
                    DynamicForward $port
                    ExitOnForwardFailure yes
                    Tunnel yes
                    ForwardAgent yes
                    ForwardX11 yes
                    PermitLocalCommand yes
                    LocalCommand echo hello
                    ControlMaster auto
                    ControlPath ~/.ssh/%C
                    ControlPersist 60
                    Compression yes
                Host *
                    Port 1
                    ProxyUseFdpass yes
                END
                cp ~/.ssh/config before; ls -A ~/.ssh >listed
                head -c 1000000 /dev/urandom >random
                for shell in bash zsh fish tcsh ksh dash; do
                    for action in install check; do
                        { echo '  '; line $action; } >typed
                        "$shell" -i <typed 2>&1 | grep -oE 'sallyport: (Installed|Removed)[^"]*'
                    done
                    ssh "$host" cat <random 2>said | cmp - random && cat said
                    { echo '  '; line remove; } >typed
                    "$shell" -i <typed 2>&1 | grep -oE 'sallyport: (Installed|Removed)[^"]*'
                    cmp before ~/.ssh/config
                done
                ls -A ~/.ssh | diff listed -
                """, alice.builder(job), alice.gateway[1], alice.gateway[2], deadline: .seconds(180))
        await expect(finished, status: 0, in: testBed)
        let file = "~/.ssh/sallyport.\(TestBed.publicHost).conf"
        let example = "ssh job-42.\(TestBed.publicHost)"
        let round = """
            sallyport: Installed. Try: \(example)
            sallyport: Installed and current: \(file). Try: \(example)
            sallyport: Removed \(file), its known_hosts, and its line in ~/.ssh/config.

            """
        #expect(finished.text == String(repeating: round, count: 6), "\(finished)")
        try await expectNoSession(of: job, in: testBed)
    }

    /// Nothing is half done, and the person is told the rest.
    @Test func whereNothingCanBeWrittenTheSentenceSaysWhatToDo() async throws {
        let testBed = try await SharedTestBed.get()
        let job = try await SharedJobs.wreck(testBed)
        let alice = try await Equipped.person(in: testBed)
        let finished = try await alice.sh(
            Self.machine + """
                try() { echo "- $1"; line "$2" "${@:3}" >typed; sh typed 2>&1 || echo "status $?"; }
                echo 'User alice' >~/.ssh/config; ls -A ~/.ssh >listed
                chmod 500 ~/.ssh
                try 'folder' install
                chmod 700 ~/.ssh; chmod 444 ~/.ssh/config
                try 'config' install
                try 'config' check
                chmod 644 ~/.ssh/config
                try 'can be written again' install
                chmod 444 ~/.ssh/config
                try 'Include is there' install
                try 'Include is there' remove
                chmod 600 ~/.ssh/config
                try 'one job' install --job "$4"
                ssh "$host" 'echo in'
                try 'one job' remove --job "$4"
                try 'other job' remove --job 99999
                try 'end' remove
                ls -A ~/.ssh | diff listed -; cat ~/.ssh/config
                """, alice.builder(job), alice.gateway[1], alice.gateway[2], job, deadline: .seconds(120))
        await expect(finished, status: 0, in: testBed)
        let name = "sallyport.\(TestBed.publicHost)"
        let gateway = "ssh -p \(alice.gateway[1]) \(alice.gateway[2])"
        #expect(
            finished.text == """
                - folder
                sallyport: ~/.ssh cannot be written, so nothing is installed. By hand: put what '\(gateway) ssh-config' \
                prints into ~/.ssh/\(name).conf, what '\(gateway) known-hosts' prints into ~/.ssh/\(name).known_hosts, \
                and at the top of ~/.ssh/config the line: Include \(name).conf
                status 1
                - config
                sallyport: ~/.ssh/config cannot be written. To finish by hand, put this line at its top: Include \(name).conf
                status 1
                - config
                sallyport: Installed, but your ssh does not read it. Put this line at the top of ~/.ssh/config: Include \(name).conf
                status 1
                - can be written again
                sallyport: Installed. Try: ssh job-42.\(TestBed.publicHost)
                - Include is there
                sallyport: Installed. Try: ssh job-42.\(TestBed.publicHost)
                - Include is there
                sallyport: ~/.ssh/config cannot be written, so nothing is removed. By hand: delete ~/.ssh/\(name).conf, \
                ~/.ssh/\(name).known_hosts, and from ~/.ssh/config the line: Include \(name).conf
                status 1
                - one job
                sallyport: Installed. Try: ssh \(alice.builder(job))
                in
                - one job
                sallyport: Removed ~/.ssh/sallyport-job-\(job).\(TestBed.publicHost).conf, its known_hosts, and its line in ~/.ssh/config.
                - other job
                sallyport: Nothing to remove: there is no ~/.ssh/sallyport-job-99999.\(TestBed.publicHost).conf.
                - end
                sallyport: Removed ~/.ssh/\(name).conf, its known_hosts, and its line in ~/.ssh/config.
                User alice

                """, "\(finished)")
    }

    /// Options on the command line are for the builder; the gateway's ssh has only what is in `~/.ssh/config`.
    @Test func eachOfTheTwoConnectionsHasItsOwnKeyAndConfiguration() async throws {
        let testBed = try await SharedTestBed.get()
        let job = try await SharedJobs.wreck(testBed)
        let alice = try await Equipped.person(in: testBed)
        let finished = try await alice.sh(
            """
            host=$1 gateway=${2#*@}
            rm -f other other.pub; ssh-keygen -q -t ed25519 -N '' -f other
            cp ~/.ssh/config before
            eval "$(ssh-agent -s)" >/dev/null
            trap 'ssh-agent -k >/dev/null; cp before ~/.ssh/config' EXIT
            try() { echo "- $1"; ssh "${@:2}" "$host" 'echo in' 2>&1 | grep -oE '^in$|unknown|build@.*publickey|resolve hostname [^:]*' || :; }
            try '-i FILE' -o IdentitiesOnly=yes -i other
            { cat before; printf 'Host %s\\n ProxyCommand false\\n' "$gateway"; } >elsewhere
            try '-F FILE' -F elsewhere
            try '-F none' -F none
            try '-J HOST' -J nowhere.invalid
            ssh-add -q other
            try 'an unknown key first'
            printf 'Host %s job-*.%s\\n IdentityFile ~/.ssh/id_ed25519\\n IdentitiesOnly yes\\n' "$gateway" "$gateway" >>~/.ssh/config
            try 'the right key only'
            """, alice.builder(job), alice.gateway[2])
        await expect(finished, status: 0, in: testBed)
        #expect(
            finished.text == """
                - -i FILE
                build@\(alice.builder(job)): Permission denied (publickey
                - -F FILE
                in
                - -F none
                resolve hostname \(alice.builder(job))
                - -J HOST
                resolve hostname nowhere.invalid
                - an unknown key first
                unknown
                - the right key only
                in

                """, "\(finished)")
    }
}
