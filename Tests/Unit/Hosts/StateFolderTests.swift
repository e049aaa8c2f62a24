import ConfigurationFile
import Foundation
import Glibc
import Testing

@testable import Hosts

/// The runner's user can put anything there, and root looks.
@Suite("The folder of hosts") struct StateFolderTests {
    private func with(_ body: (String) throws -> Void) throws {
        let path = NSTemporaryDirectory() + "folder-\(UUID().uuidString)"
        defer { try? FileManager.default.removeItem(atPath: path) }
        try FileManager.default.createDirectory(
            atPath: path + "/elsewhere", withIntermediateDirectories: true)
        try body(path)
    }

    @Test("a link in it, or in its place, leads nowhere")
    func links() throws {
        try with { path in
            let elsewhere = path + "/elsewhere"
            func link(_ name: String) throws {
                try FileManager.default.createSymbolicLink(
                    atPath: "\(path)/\(name)", withDestinationPath: elsewhere + "/file")
            }
            try FileManager.default.createSymbolicLink(
                atPath: path + "/link", withDestinationPath: elsewhere)
            #expect(throws: HostsFailure.self) { try StateFolder(path + "/link") }
            for name in ["state.json", "state.json.new", "lock"] {
                let state = path + "/state-\(name)"
                let folder = try StateFolder(state)
                try link("state-\(name)/\(name)")
                #expect(throws: HostsFailure.self, "\(name)") {
                    try folder.update { state throws(HostsFailure) in
                        state.records["a"] = HostsState.Record()
                    }
                }
            }
            let folder = try StateFolder(path + "/state")
            try link("state/a.lock")
            #expect(throws: HostsFailure.self) { try folder.lock(host: "a") }
            #expect(folder.bytes(of: "a.lock") == [])
            #expect(throws: SmallFile.NotReplaced.self) {
                try link("other.new")
                try SmallFile.replace(path + "/other", with: "text")
            }
            #expect(try FileManager.default.contentsOfDirectory(atPath: elsewhere) == [])
        }
    }

    @Test("what is in it stays in it, wherever its path leads now")
    func moved() throws {
        try with { path in
            let folder = try StateFolder(path + "/state")
            guard rename(path + "/state", path + "/moved") == 0 else { throw POSIXError(.EIO) }
            try FileManager.default.createSymbolicLink(
                atPath: path + "/state", withDestinationPath: path + "/elsewhere")
            try folder.update { state throws(HostsFailure) in state.records["a"] = HostsState.Record() }
            #expect(try folder.read().records.keys.contains("a"))
            #expect(try FileManager.default.contentsOfDirectory(atPath: path + "/elsewhere") == [])
        }
    }

    @Test("root becomes the owner of the first folder that is not root's")
    func owner() throws {
        try with { path in
            let runners = path + "/runner"
            try FileManager.default.createDirectory(
                atPath: runners + "/hosts", withIntermediateDirectories: true)
            // Only root can give it to somebody else.
            let user: uid_t = getuid() == 0 ? 64600 : getuid()
            if getuid() == 0 { #expect(chown(runners, user, 64600) == 0) }
            for name in ["", "/hosts", "/not/there", "/hosts/.."] {
                #expect(try FolderOwner.of(runners + name)?.user == user)
            }
            let trusted: Set<uid_t> = [0, getuid()]
            #expect(try FolderOwner.of(path + "/elsewhere", counting: trusted) == nil)
            #expect(try FolderOwner.of(path + "/nothing/there", counting: trusted) == nil)
            for (name, mode) in [("open", 0o777), ("shared", 0o770)] {
                try FileManager.default.createDirectory(
                    atPath: "\(path)/\(name)/hosts", withIntermediateDirectories: true)
                #expect(chmod("\(path)/\(name)", mode_t(mode)) == 0)
                #expect(throws: AllocatorEnd.self) {
                    try FolderOwner.of("\(path)/\(name)/hosts", counting: trusted)
                }
            }
            try FileManager.default.createSymbolicLink(
                atPath: path + "/link", withDestinationPath: path + "/elsewhere")
            let end = #expect(throws: AllocatorEnd.self) {
                try FolderOwner.of(path + "/link/hosts", counting: trusted)
            }
            #expect(end?.reason.contains("is not a folder of its own") == true)
        }
    }
}
