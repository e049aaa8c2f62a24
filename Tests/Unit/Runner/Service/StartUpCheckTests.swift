import ConfigurationFile
import Foundation
import QEMU
import Testing

@testable import Runner

@Suite("What is wrong with a configuration is said at the start")
struct StartUpCheckTests {
    private typealias Change = (inout Configuration.Runner) -> Void

    private func check(_ change: Change = { _ in }) -> StartUpCheck {
        var configuration = Configuration.Runner()
        change(&configuration)
        return StartUpCheck(configuration)
    }

    /// A host with everything that builders need.
    private func host(_ change: (inout BuilderHost) -> Void = { _ in }) -> BuilderHost {
        var host = BuilderHost()
        host.images = ["debian": nil]
        change(&host)
        return host
    }

    @Test("the defaults are right on a host that has everything")
    func nothing() {
        #expect(check().contradiction == nil)
        #expect(check().obstacle(on: host()) == nil)
        #expect(check().warnings(on: host(), memory: 4096) == [])
    }

    @Test("settings that contradict each other are refused")
    func contradictions() throws {
        #expect(check { ($0.keep, $0.maxLife) = (300, 300) }.contradiction == nil)
        let keep = try #require(check { ($0.keep, $0.maxLife) = (301, 300) }.contradiction)
        #expect(keep.contains("runner.keep (301)") && keep.contains("runner.max_life (300)"))
        let folder = "/" + String(repeating: "a", count: 80)
        #expect(check { $0.stateDirectory = folder }.contradiction?.hasPrefix("runner.state_dir: ") == true)
        // What virtual machines have room for can be too long for a pool's allocations.
        let state = "/" + String(repeating: "a", count: 30)
        func pool(_ name: String) -> String? {
            check { ($0.stateDirectory, $0.pools[name]) = (state, .init()) }.contradiction
        }
        #expect(pool("lab") == nil)
        #expect(pool(String(repeating: "l", count: 40))?.contains("too long for the sockets in it") == true)
        let deep = folder + "/deeper"
        let socket = try #require(check { $0.socket = deep + "/api.sock" }.contradiction)
        #expect(socket.contains("too long for the sockets of builders, which are in \(deep)/api.builders."))
    }

    @Test("a runner without builders needs nothing, others QEMU, and KVM if they have to use it")
    func obstacles() throws {
        let bare = host {
            $0.missingPrograms = ["qemu-system-x86_64"]
            $0.kvmObstacle = "/dev/kvm: Permission denied"
            $0.images = [:]
        }
        #expect(check { $0.slots = 0 }.obstacle(on: bare) == nil)
        #expect(check { $0.slots = 0 }.warnings(on: bare, memory: 100) == [])
        #expect(check().obstacle(on: bare)?.contains("not installed: qemu-system-x86_64") == true)
        let noKVM = host { $0.kvmObstacle = "/dev/kvm: Permission denied" }
        #expect(
            check().obstacle(on: noKVM) == nil && check { $0.accelerator = .tcg }.obstacle(on: noKVM) == nil)
        let refusal = try #require(check { $0.accelerator = .kvm }.obstacle(on: noKVM))
        #expect(refusal.contains("runner.accel") && refusal.contains("/dev/kvm: Permission denied"))
        #expect(check { $0.accelerator = .kvm }.obstacle(on: host()) == nil)
    }

    @Test("builders run as a user of their own, or someone has written that they need not")
    func isolation() throws {
        let forbidden = host { $0.isolationObstacle = "there is no user x. Add it" }
        let refusal = try #require(check().obstacle(on: forbidden))
        #expect(
            refusal.contains("runner.isolation is \"required\", but builders cannot run as sallyport-builder")
        )
        #expect(
            refusal.contains(": there is no user x. Add it, or set isolation to \"none\"")
                && !refusal.contains("unit"))
        #expect(check { $0.slots = 0 }.obstacle(on: forbidden) == nil)
        let without = check { $0.isolation = .none }
        #expect(without.obstacle(on: forbidden) == nil)
        let warnings = without.warnings(on: forbidden, memory: 4096)
        #expect(warnings.count == 1 && warnings[0].hasPrefix("runner.isolation is \"none\": "), "\(warnings)")
        let reachable = "every user of this host can reach the SSH servers of builders, on its loopback"
        #expect(warnings[0].contains(reachable), "\(warnings)")
        let noNetworks = host { $0.networkNamespaceObstacle = "this host allows no network namespaces" }
        #expect(
            check().warnings(on: noNetworks, memory: 4096) == [
                "\(reachable): this host allows no network namespaces (docs/security.md)"
            ])
        let unfiltered = check().warnings(on: host { $0.hasSeccomp = false }, memory: 4096)
        #expect(unfiltered.count == 1 && unfiltered[0].contains("(seccomp)"), "\(unfiltered)")
        #expect(check().isolation.contains("as sallyport-builder"))
        #expect(without.isolation.contains("the runner's own user"))
    }

    @Test("how builders are executed is said, and why not by KVM")
    func accelerator() {
        let noKVM = host { $0.kvmObstacle = "/dev/kvm: No such file or directory" }
        #expect(check { $0.accelerator = .kvm }.accelerator(on: host()) == "builders use KVM")
        #expect(check().accelerator(on: host()).hasPrefix("builders use KVM if a test guest boots"))
        #expect(check().accelerator(on: noKVM).contains("emulated"))
        #expect(check().accelerator(on: noKVM).contains("Give /dev/kvm a group"))
        #expect(check { $0.isolation = .none }.accelerator(on: noKVM).contains("Add the runner's user"))
        #expect(check().accelerator(on: noKVM).contains("/dev/kvm: No such file or directory"))
        #expect(check { $0.accelerator = .tcg }.accelerator(on: host()).contains("as runner.accel says"))
    }

    @Test("what spoils some jobs is a warning that names the setting")
    func warnings() throws {
        /// The only warning, which has these words.
        func warning(_ change: Change, on host: BuilderHost? = nil, memory: Int = 4096) throws -> String {
            let warnings = check(change).warnings(on: host ?? self.host(), memory: memory)
            try #require(warnings.count == 1, "\(warnings)")
            return warnings[0]
        }
        #expect(try warning { ($0.life, $0.maxLife) = (7201, 7200) }.hasPrefix("runner.life (7201)"))
        #expect(
            try warning { $0.maxTimeout = 3599 }.hasPrefix(
                "runner.max_timeout (3599) is less than the usual timeout of a job (3600)"))
        #expect(try warning({ _ in }, on: host { $0.images = [:] }).contains("there is no image in"))
        #expect(
            try warning({ _ in }, on: host { $0.imagesObstacle = "/i: Permission denied" })
                .hasPrefix("runner.images: /i: Permission denied"))
        #expect(
            try warning(
                { _ in }, on: host { $0.images.updateValue("/i/b/vmlinuz: No such file", forKey: "b") }
            )
            .contains("the image b cannot start: /i/b/vmlinuz"))
        var image = Configuration.Runner.Image()
        image.network = .outbound
        image.memory = 600
        let misspelt = try warning { $0.imageSettings["debain"] = image }
        #expect(check { $0.imageAliases = ["a/b": "debian"] }.warnings(on: host(), memory: 4096) == [])
        #expect(
            try warning { $0.imageAliases = ["a/b": "debain"] }
                == "runner.image_aliases: jobs that name \"a/b\" are refused: no image in "
                + "/var/lib/sallyport/images is called debain (there are: debian)")
        for alias in ["a b", "../a"] {
            #expect(
                try warning { $0.imageAliases = [alias: "debian"] }
                    == "runner.image_aliases: no manifest can name an image \"\(alias)\"")
        }
        #expect(misspelt.hasPrefix("[runner.image.debain]") && misspelt.hasSuffix("(there are: debian)"))
        #expect(
            try warning(
                { $0.imageSettings["debian"] = image },
                on: host { $0.networkObstacle = "not installed: slirp4netns, nft" }
            ).contains("not installed: slirp4netns, nft"))
        #expect(
            try warning({ ($0.imageSettings["debian"], $0.slots) = (image, 2) }, memory: 1399)
                .contains("2 builders of 700 MiB"))
        #expect(
            check { ($0.imageSettings["debian"], $0.slots) = (image, 2) }.warnings(on: host(), memory: 1400)
                == [])
        #expect(try warning({ _ in }, memory: 600).contains("1 builder of 612 MiB"))
    }

    @Test("the host's images are looked at")
    func images() throws {
        let home = TestService.makeFolder()
        defer { try? FileManager.default.removeItem(atPath: home) }
        let folder = "\(home)/images"
        let manager = FileManager.default
        for name in [
            "whole", "empty", "torn", ".old", "alpine/3.20", "alpine/edge/.x", "whole/extra", "whole/too",
        ] {
            try manager.createDirectory(atPath: "\(folder)/\(name)", withIntermediateDirectories: true)
        }
        for name in ["whole", "whole/too", "torn"] {
            for file in ["vmlinuz", "initramfs.cpio.gz"] {
                #expect(manager.createFile(atPath: "\(folder)/\(name)/\(file)", contents: Data()))
            }
        }
        #expect(manager.createFile(atPath: "\(folder)/torn/root.qcow2", contents: Data("QFI".utf8)))
        #expect(manager.createFile(atPath: "\(folder)/notes", contents: Data()))
        let host = BuilderHost(images: folder)
        #expect(
            host.images == [
                "whole": nil, "whole/too": nil, "empty": "\(folder)/empty/vmlinuz: No such file or directory",
                "torn": "\(folder)/torn/root.qcow2 is not a qcow2 file.",
                "alpine/3.20": "\(folder)/alpine/3.20/vmlinuz: No such file or directory",
                "alpine/edge": "\(folder)/alpine/edge/vmlinuz: No such file or directory",
            ])
        #expect(host.imagesObstacle == nil)
        #expect(
            BuilderHost(images: "\(folder)/none").imagesObstacle
                == "\(folder)/none: No such file or directory")
        #expect(BuilderHost(images: "\(folder)/notes").imagesObstacle != nil)
    }
}
