import TestBed
import Testing

/// `make install` where an earlier version is installed.
@Suite struct UpgradeTests {
    /// Installs an earlier version and then this one: what nobody has changed becomes this version's; beside what an
    /// administrator has changed, this version's is put once.
    @Test func anUpgradeOverwritesNothingOfTheAdministrators() async throws {
        let testBed = try await SharedTestBed.get()
        try await InstalledMachine.with(testBed) { machine in
            let make = "make --no-print-directory PROGRAMS=\(machine.programs)"
            let upgraded = try await machine.run(
                """
                earlier=/tmp/earlier
                mkdir -p "$earlier"/Sources
                cp -r \(machine.source)/Makefile \(machine.source)/.swift-version \(machine.source)/sshd_config.d "$earlier"
                cp -r \(machine.source)/Sources/Installation "$earlier"/Sources
                sed -i 's/^/# Earlier. /' "$earlier"/Sources/Installation/* "$earlier"/sshd_config.d/*
                drop_in=/etc/ssh/sshd_config.d/50-sallyport.conf
                unit=/usr/local/lib/systemd/system/sallyport-runner.service
                configuration=/etc/sallyport/sallyport.toml

                \(make) -C "$earlier" install >/tmp/first
                grep 'Installed. Next steps' /tmp/first
                echo '# Mine.' >>"$configuration"
                echo '# Mine.' >>"$unit"
                cp "$configuration" "$unit" /tmp
                echo "[upgrade]"
                \(make) -C \(machine.source) install
                cmp "$drop_in" \(machine.source)/sshd_config.d/50-sallyport.conf
                cmp "$unit" /tmp/sallyport-runner.service
                cmp "$configuration" /tmp/sallyport.toml
                grep -c Earlier "$configuration.new" "$unit.new" || true
                rm "$configuration.new"
                echo "[again]"
                \(make) -C \(machine.source) install
                cp "$unit.new" "$unit"
                echo "[merged]"
                \(make) -C \(machine.source) install
                ! ls /etc/sallyport/*.new /usr/local/lib/*/*.new /etc/ssh/*/*.new /usr/local/lib/systemd/system/*.new
                """)
            await expect(upgraded, status: 0, in: testBed)
            let unit = "/usr/local/lib/systemd/system/sallyport-runner.service"
            func kept(_ file: String) -> String {
                "\(file) is not changed. Compare it with this version's, then remove that: diff -u \(file) \(file).new\n"
            }
            let configuration = kept("/etc/sallyport/sallyport.toml")
            let parts = upgraded.text.split(separator: /\[[a-z]+\]\n/).map { String($0) }
            try #require(parts.count == 4, "\(upgraded)")
            #expect(
                parts[1].hasPrefix(
                    configuration
                        + "Updated /etc/ssh/sshd_config.d/50-sallyport.conf, which nobody had changed.\n"
                        + kept(unit)), "\(upgraded)")
            #expect(parts[1].contains("sallyport.toml.new:0\n\(unit).new:0\n"), "\(upgraded)")
            #expect(parts[2].hasPrefix(kept(unit) + "Upgraded."), "\(upgraded)")
            #expect(parts[3].hasPrefix("Upgraded."), "\(upgraded)")
        }
    }

    /// The drop-in, the configuration and the database of version 1.0 stay unchanged, and today's programs work with
    /// them.
    @Test func anEarlierInstallationGoesOn() async throws {
        let testBed = try await SharedTestBed.get()
        try await InstalledMachine.with(testBed) { machine in
            let fixtures = "\(machine.source)/Tests/Fixtures/1.0"
            let prepared = try await machine.run(
                """
                mkdir -p /etc/sallyport /etc/ssh/sshd_config.d
                cp \(fixtures)/sallyport.toml /etc/sallyport
                cp \(fixtures)/50-sallyport.conf /etc/ssh/sshd_config.d
                """)
            await expect(prepared, status: 0, in: testBed)
            let kept = [
                "/etc/sallyport/sallyport.toml is not changed.",
                "/etc/ssh/sshd_config.d/50-sallyport.conf is not changed.",
            ]
            await expect(try await machine.make("install"), status: 0, output: kept, in: testBed)
            // The key is new; and the file's jobs become older each day.
            let database = try await machine.run(
                """
                install -o sallyport -g sallyport -m 600 \(fixtures)/runner.sqlite /var/lib/sallyport
                sed -i -e "s|^gateway_keys = .*|gateway_keys = [\\"$(cut -d' ' -f1,2 /etc/sallyport/builder_ed25519.pub)\\"]|" \\
                    -e 's/^#retention = .*/retention = 36500/' /etc/sallyport/sallyport.toml
                """)
            await expect(database, status: 0, in: testBed)
            try await machine.start()
            let known = try await machine.run(
                """
                sallyport jobs --all
                sallyport keys add alice /tmp/alice.pub
                \(InstalledMachine.ssh)
                \(InstalledMachine.ssh) show 1
                \(InstalledMachine.ssh) connect 2 true || echo "connect: $?"
                """)
            await expect(
                known, status: 0,
                output: ["fix the parser", "Hello alice.", "the ümlaut", "connect: 69\n"], in: testBed)
        }
    }
}
