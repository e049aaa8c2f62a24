import AllocatorProtocol
import ConfigurationFile
import Foundation
import Glibc
import Testing

@testable import AllocatorPrograms

/// The runner's user can put anything there, and root looks.
@Suite("The folder of an allocator program") struct StateFolderTests {
    private struct State: StoredState {
        var names: Set<String> = []
    }

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
            #expect(throws: AllocatorFailure.self) { try StateFolder<State>(path + "/link") }
            for name in ["state.json", "state.json.new", "lock"] {
                let state = path + "/state-\(name)"
                let folder = try StateFolder<State>(state)
                try link("state-\(name)/\(name)")
                #expect(throws: AllocatorFailure.self, "\(name)") {
                    try folder.update { state throws(AllocatorFailure) in state.names.insert("a") }
                }
            }
            let folder = try StateFolder<State>(path + "/state")
            try link("state/a.lock")
            #expect(throws: AllocatorFailure.self) { try folder.lock("a") }
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
            let folder = try StateFolder<State>(path + "/state")
            guard rename(path + "/state", path + "/moved") == 0 else { throw POSIXError(.EIO) }
            try FileManager.default.createSymbolicLink(
                atPath: path + "/state", withDestinationPath: path + "/elsewhere")
            try folder.update { state throws(AllocatorFailure) in state.names = ["a"] }
            #expect(try folder.read().names == ["a"])
            #expect(try FileManager.default.contentsOfDirectory(atPath: path + "/elsewhere") == [])
        }
    }

    @Test("a lock whose file is removed is still one, and its name is free after it")
    func locks() throws {
        try with { path in
            let folder = try StateFolder<State>(path + "/state")
            var lock = try folder.lock("a")
            #expect(try folder.lock("a") == nil)
            #expect(try !folder.isFree("a.lock"))
            lock?.removeFile()
            #expect(try FileManager.default.contentsOfDirectory(atPath: path + "/state") == [])
            // Who waited for the removed file gets another one.
            let next = try folder.lock("a")
            #expect(next != nil)
            lock = nil
            #expect(try folder.lock("a") == nil)
        }
    }

    @Test("host keys are stored under the machine's name")
    func hostKeys() throws {
        try with { path in
            let folder = try StateFolder<State>(path + "/state")
            let file = try folder.storeHostKeys(["ssh-ed25519 A", "ssh-rsa B"], of: "m1")
            #expect(file == path + "/state/known_hosts.m1")
            #expect(try String(contentsOfFile: file, encoding: .utf8) == "m1 ssh-ed25519 A\nm1 ssh-rsa B\n")
            folder.remove("known_hosts.m1")
            #expect(!FileManager.default.fileExists(atPath: file))
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
