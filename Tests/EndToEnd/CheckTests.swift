import TestBed
import Testing

/// `sallyport check` on a machine on which Sallyport is installed, with the real sshd and the real runner.
@Suite struct CheckTests {
    /// What an administrator can get wrong, and the check that names it.
    struct Mistake: Sendable, CustomTestStringConvertible {
        var name: String
        /// Whether sshd has to read its configuration again.
        var reloads = false
        var make: String
        var undo: String
        var check: String
        var state = "fail"
        var says: String
        /// What the login says of it.
        var login: String?
        var testDescription: String { name }
    }

    private static let site = "/etc/ssh/sshd_config.d/10-site.conf"
    private static let dropIn = "/etc/ssh/sshd_config.d/50-sallyport.conf"
    private static let programs = "/usr/local/libexec/sallyport"

    /// An earlier block, or a change of the drop-in.
    private static func sshd(
        _ name: String, site lines: String? = nil, edit: String? = nil, _ check: String,
        state: String = "fail",
        says: String, login: String? = nil
    ) -> Mistake {
        let make =
            lines.map { "printf '\($0)' >\(site)" }
            ?? "cp \(dropIn) /run/drop-in; sed -i '\(edit ?? "")' \(dropIn)"
        return Mistake(
            name: name, reloads: true, make: make,
            undo: lines == nil ? "cp /run/drop-in \(dropIn)" : "rm \(site)", check: check, state: state,
            says: says,
            login: login)
    }

    static let mistakes: [Mistake] = [
        sshd(
            "another block comes first", site: "Match User *\\n  ForceCommand /bin/echo hi\\n",
            "sshd.forcecommand",
            says: "Remove line 2 of \(site), in the block `Match User *`", login: "ended with"),
        sshd(
            "another program is asked for keys",
            site: "Match User b*\\n  AuthorizedKeysCommand /bin/true\\n  AuthorizedKeysCommandUser nobody\\n",
            "sshd.authorizedkeyscommand", says: "sshd asks /bin/true", login: "Permission denied"),
        sshd(
            "clients can set what sshd sets", site: "Match User builds\\n  AcceptEnv SSH_*\\n",
            "sshd.acceptenv",
            says: "SSH_ORIGINAL_COMMAND"),
        sshd(
            "other users are allowed", site: "AllowUsers root\\n", "sshd.allowusers", says: site,
            login: "not allowed because"),
        sshd(
            "users are allowed from elsewhere only", site: "AllowUsers builds@10.0.0.0/8\\n", "login",
            state: "warn", says: "for this host's own address"),
        sshd(
            "the drop-in is for another account", edit: "s/^Match User .*/Match User build/",
            "sshd.authorizedkeyscommand",
            says: "asks no program", login: "Permission denied"),
        sshd(
            "a token that this sshd does not know", edit: "s/%u %h %t %k/%u %h %t %z/",
            "sshd.authorizedkeyscommand",
            says: "does not know %z", login: "unknown key %z"),
        sshd(
            "an option that the dispatcher does not know", edit: "s/%u %h %t %k/--admision known &/",
            "sshd.authorizedkeyscommand", says: "an unknown option", login: "Permission denied"),
        sshd(
            "a user who does not exist", edit: "s/CommandUser .*/CommandUser nobody-here/",
            "sshd.authorizedkeyscommanduser", says: "there is no user nobody-here",
            login: "sshd said: AuthorizedKeysCommandUser"),
        sshd(
            "which key has logged in is not told", edit: "s/ExposeAuthInfo yes/ExposeAuthInfo no/",
            "sshd.exposeauthinfo",
            says: "Write `ExposeAuthInfo yes` in line"),
        Mistake(
            name: "a folder that everybody can write to", make: "chmod o+w \(programs)",
            undo: "chmod o-w \(programs)",
            check: "file.sallyport-dispatch", says: "chmod go-w \(programs)", login: "bad ownership or modes"),
        Mistake(
            name: "a link into a folder of somebody's",
            make: """
                mkdir /usr/local/loose && mv \(programs) /usr/local/loose/ && chown nobody: /usr/local/loose
                ln -s /usr/local/loose/sallyport \(programs)
                """,
            undo: "rm \(programs) && mv /usr/local/loose/sallyport \(programs) && rmdir /usr/local/loose",
            check: "file.sallyport-shell", says: "/usr/local/loose belongs to nobody",
            login: "bad ownership or modes"),
        Mistake(
            name: "a program that is gone", make: "mv \(programs)/sallyport-shell /run/",
            undo: "mv /run/sallyport-shell \(programs)/",
            check: "file.sallyport-shell", says: "No such file", login: "shell"),
        Mistake(
            name: "a configuration that others can write to", make: "chmod o+w /etc/sallyport/sallyport.toml",
            undo: "chmod o-w /etc/sallyport/sallyport.toml", check: "configuration",
            says: "writable by nobody else"),
        Mistake(
            name: "a configuration with a mistake", make: "echo '[gatway]' >>/etc/sallyport/sallyport.toml",
            undo: "sed -i '$d' /etc/sallyport/sallyport.toml", check: "configuration", says: "gatway"),
        Mistake(
            name: "a locked account", make: "usermod --lock builds", undo: "usermod --unlock builds",
            check: "account.builds",
            says: "locked", login: "not allowed because"),
        Mistake(
            name: "maintenance", make: "touch /etc/nologin", undo: "rm /etc/nologin", check: "account.builds",
            says: "rm /etc/nologin"),
        Mistake(
            name: "a /tmp of root's", make: "chmod 755 /tmp", undo: "chmod 1777 /tmp", check: "sshd.tmp",
            says: "chmod 1777 /tmp"),
        Mistake(
            name: "a builder key that others can read", make: "chmod 644 /etc/sallyport/builder_ed25519",
            undo: "chmod 600 /etc/sallyport/builder_ed25519", check: "gateway.builder-key",
            says: "could enter every builder"),
        Mistake(
            name: "a builder key that builders do not know",
            make: """
                cp -p /etc/sallyport/builder_ed25519 /run/
                ssh-keygen -q -t ed25519 -N '' -f /run/other && cat /run/other >/etc/sallyport/builder_ed25519
                """,
            undo: "cp -p /run/builder_ed25519 /etc/sallyport/", check: "gateway.builder-key",
            says: "gateway_keys"),
        Mistake(
            name: "a missing folder", make: "mv /run/sallyport/sessions /run/gone",
            undo: "mv /run/gone /run/sallyport/sessions",
            check: "gateway.sessions", says: "install -d --owner=builds"),
        Mistake(
            name: "a record that nobody can write",
            make: """
                cp /etc/sallyport/sallyport.toml /run/
                sed -i 's|^#log_file = "/var/log/sallyport-gateway.log"|log_file = "/run/root.log"|' /etc/sallyport/sallyport.toml
                touch /run/root.log
                """,
            undo: "cat /run/sallyport.toml >/etc/sallyport/sallyport.toml", check: "gateway.log",
            says: "builds cannot write to"),
        Mistake(
            name: "a folder of audit records that is gone",
            make: """
                cp /etc/sallyport/sallyport.toml /run/
                sed -i 's|^#audit_file = "/var/log/sallyport-gateway/|audit_file = "/var/log/nowhere/|' /etc/sallyport/sallyport.toml
                """,
            undo: "cat /run/sallyport.toml >/etc/sallyport/sallyport.toml", check: "gateway.audit",
            says: "install -d --owner=builds --mode=0750 /var/log/nowhere"),
        Mistake(
            name: "recordings without a folder",
            make: """
                cp /etc/sallyport/sallyport.toml /run/
                sed -i 's/^#record = .*/record = "all"/' /etc/sallyport/sallyport.toml
                """,
            undo: "cat /run/sallyport.toml >/etc/sallyport/sallyport.toml", check: "gateway.recordings",
            says: "install -d --owner=builds --mode=0750 /var/log/sallyport-gateway/recordings"),
        Mistake(
            name: "recordings that anybody can get around",
            make: """
                cp /etc/sallyport/sallyport.toml /run/
                sed -i 's/^#record = .*/record = "all"/; s/^#record_bypass = .*/record_bypass = true/' \
                    /etc/sallyport/sallyport.toml
                install -d --owner=builds /var/log/sallyport-gateway/recordings
                """,
            undo: """
                cat /run/sallyport.toml >/etc/sallyport/sallyport.toml
                rmdir /var/log/sallyport-gateway/recordings
                """, check: "gateway.recordings", state: "warn", says: "record_bypass"),
        Mistake(
            name: "a pool to be recorded that there is not",
            make: """
                cp /etc/sallyport/sallyport.toml /run/
                sed -i 's/^#record = .*/record = ["local", "labb"]/' /etc/sallyport/sallyport.toml
                install -d --owner=builds /var/log/sallyport-gateway/recordings
                """,
            undo: """
                cat /run/sallyport.toml >/etc/sallyport/sallyport.toml
                rmdir /var/log/sallyport-gateway/recordings
                """, check: "gateway.recordings", state: "warn", says: "does not have: labb"),
        Mistake(
            name: "a build service that is away", make: "mv /run/sallyport/api.sock /run/",
            undo: "mv /run/api.sock /run/sallyport/",
            check: "service.answers", says: "unix:/run/sallyport/api.sock", login: "ended with"),
        Mistake(
            name: "an old libssh",
            make:
                "printf '#!/bin/sh\\necho 0.10.5-2\\n' >/usr/local/bin/dpkg-query && chmod 755 /usr/local/bin/dpkg-query",
            undo: "rm /usr/local/bin/dpkg-query", check: "file.libssh", says: "libssh is 0.10.5-2"),
        Mistake(
            name: "a slow dispatcher",
            make: """
                mv \(programs)/sallyport-dispatch \(programs)/fast
                printf '#!/bin/sh\\nsleep 0.2\\nexec "${0%%/*}/fast" "$@"\\n' >\(programs)/sallyport-dispatch
                chmod 755 \(programs)/sallyport-dispatch
                """,
            undo: "mv \(programs)/fast \(programs)/sallyport-dispatch", check: "sshd.maxstartups",
            state: "warn",
            says: "MaxStartups 10:30:100"),
        Mistake(
            name: "no image", make: "mv /var/lib/sallyport/images /var/lib/sallyport/away",
            undo: "mv /var/lib/sallyport/away /var/lib/sallyport/images", check: "runner.builders",
            state: "warn",
            says: "runner.images"),
        Mistake(
            name: "an allocator that fails",
            make: """
                cp /etc/sallyport/sallyport.toml /run/
                printf '[runner.pool.lab]\nmax = 2\nkind = "command"\ncommand = ["/bin/sh", "-c", "echo no lab >&2; exit 3"]\n' \
                    >>/etc/sallyport/sallyport.toml
                """, undo: "cat /run/sallyport.toml >/etc/sallyport/sallyport.toml", check: "runner.pool.lab",
            says: "does not answer: no lab"),
        Mistake(
            name: "a source of people that fails",
            make: """
                cp /etc/sallyport/sallyport.toml /run/
                sed -i '/^\\[people\\]/a source = ["/bin/sh", "-c", "echo no directory >&2; exit 3"]' \
                    /etc/sallyport/sallyport.toml
                """, undo: "cat /run/sallyport.toml >/etc/sallyport/sallyport.toml", check: "runner.people",
            says: "no directory"),
        Mistake(
            name: "settings that contradict each other",
            make: """
                cp /etc/sallyport/sallyport.toml /run/
                sed -i -e 's/^#max_life = .*/max_life = 60/' -e 's/^#keep = .*/keep = 600/' /etc/sallyport/sallyport.toml
                """, undo: "cat /run/sallyport.toml >/etc/sallyport/sallyport.toml", check: "runner.builders",
            says: "runner.keep (600)"),
        Mistake(
            name: "an old bundle",
            make: """
                mkdir -p /usr/local/share/sallyport/attach
                touch -d '100 days ago' /usr/local/share/sallyport/attach/sallyport-attach-amd64.tar.gz
                """, undo: "rm -r /usr/local/share/sallyport", check: "gateway.attach-bundle", state: "warn",
            says: "is 100 days old"),
    ]

    private static let reload = """
        sshd=$(cat /run/sshd.pid)
        rm /run/sshd.pid
        kill -HUP "$sshd"
        until [ -s /run/sshd.pid ]; do sleep 0.02; done
        """

    @Test("whatever an administrator gets wrong is named, with what mends it") func mistakes() async throws {
        let testBed = try await SharedTestBed.get()
        try await InstalledMachine.with(testBed) { machine in
            for target in ["install", "install-image"] {
                await expect(try await machine.make(target), status: 0, in: testBed)
            }
            try await machine.start()
            try await everythingIsWell(on: machine)
            for mistake in Self.mistakes {
                let reload = mistake.reloads ? Self.reload : ""
                let checked = try await machine.run(
                    "\(mistake.make)\n\(reload)\nsallyport check || echo \"status $?\"")
                let lines = checked.text.split(separator: "\n")
                let line = lines.first { $0.hasPrefix("\(mistake.state)  \(mistake.check): ") }
                #expect(
                    line?.contains(mistake.says) == true && line?.contains("To fix it: ") == true,
                    "\(mistake.name): \(checked)")
                #expect(
                    lines.last == (mistake.state == "fail" ? "status 2" : "status 1"),
                    "\(mistake.name): \(checked)")
                if let login = mistake.login {
                    #expect(
                        lines.contains { $0.hasPrefix("fail  login: ") && $0.contains(login) },
                        "\(mistake.name): \(checked)")
                }
                let undone = try await machine.run("\(mistake.undo)\n\(reload)")
                #expect(undone.status == 0, "\(mistake.name): \(undone)")
            }
            try await everythingIsWell(on: machine)
            try await onlyKnownKeysGetIn(on: machine)
            try await nobodyIsListening(on: machine)
        }
    }

    private func everythingIsWell(on machine: InstalledMachine) async throws {
        let checked = try await machine.run(
            "sallyport check --json || echo \"status $?\"; ls /tmp | grep sallyport-check || :")
        #expect(!checked.text.contains("\"fail\""), "\(checked)")
        #expect(
            checked.text.contains("a login got as far as the build service")
                && !checked.text.contains("sallyport-check"),
            "\(checked)")
        let refused = try await machine.run(
            "setpriv --reuid=nobody --clear-groups sallyport check || echo \"status $?\"")
        #expect(
            refused.text.contains("status 77") && refused.errorText.contains("sudo sallyport check"),
            "\(refused)")
    }

    /// Then sshd has to refuse the login, and only the dispatcher shows whether the build service is asked.
    private func onlyKnownKeysGetIn(on machine: InstalledMachine) async throws {
        let checked = try await machine.run(
            """
            sed -i 's/dispatch %u/dispatch --admission known %u/' \(Self.dropIn)
            \(Self.reload)
            sallyport check || echo "status $?"
            [ -z "$(ls /run/sallyport/keys)" ]
            ssh-keygen -q -t ed25519 -N '' -f /run/known
            sallyport check --identity /run/known || echo "status $?"
            # That nobody has this key counts for a moment.
            rm -f /run/sallyport/keys/*
            sallyport keys add carol /run/known.pub
            sallyport check --identity /run/known || echo "status $?"
            rm -f /run/sallyport/keys/*
            mv /run/sallyport/api.sock /run/
            sallyport check || echo "status $?"
            mv /run/api.sock /run/sallyport/
            """)
        expectInOrder(
            checked.text,
            [
                "ok    dispatcher.answer: the dispatcher has asked the build service",
                "ok    login: sshd refused a login",
                "fail  login.known: a login with /run/known ended with: ",
                "sallyport explain --key /run/known --from 127.0.0.1 -- whoami", "status 2",
                "ok    login.known: a login with /run/known got in: carol, with the key SHA256:",
                "fail  dispatcher.answer: the dispatcher gets no answer about keys", "status 2",
            ])
    }

    private func nobodyIsListening(on machine: InstalledMachine) async throws {
        let checked = try await machine.run(
            """
            sshd=$(cat /run/sshd.pid)
            kill "$sshd"
            while kill -0 "$sshd" 2>/dev/null; do sleep 0.02; done
            sallyport check || echo "status $?"
            """)
        #expect(
            checked.text.contains("fail  login: no sshd is running here. To fix it: systemctl start ssh"),
            "\(checked)")
    }
}
