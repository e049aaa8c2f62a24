import FoundationEssentials
import Glibc
import Testing

@testable import HelperPrograms

/// In a folder whose own way belongs to whoever runs the tests: only what is below it is looked at.
@Suite struct TrustedPathTests {
    private final class Folder {
        let path = FileManager.default.temporaryDirectory.resolvingSymlinksInPath().appending(
            path: "trusted-\(UUID())"
        ).path

        init() throws {
            for folder in ["real/deep", "links"] {
                try FileManager.default.createDirectory(
                    atPath: "\(path)/\(folder)", withIntermediateDirectories: true)
            }
            try Data().write(to: URL(filePath: "\(path)/real/deep/program"))
            for folder in ["", "/real", "/real/deep", "/real/deep/program", "/links"] {
                chmod(path + folder, 0o755)
            }
        }

        deinit { try? FileManager.default.removeItem(atPath: path) }

        func link(_ name: String, to target: String) throws {
            try FileManager.default.createSymbolicLink(atPath: "\(path)/\(name)", withDestinationPath: target)
        }

        func faults(of name: String) -> [TrustedPath.Fault] {
            TrustedPath.faults(of: "\(path)/\(name)", owner: getuid(), trustsGroupOfRoot: true).filter {
                fault in
                let place =
                    switch fault {
                    case .missing(let place, _), .owner(let place, _), .writable(let place, _),
                        .loop(let place):
                        place
                    }
                return place.hasPrefix(path)
            }
        }
    }

    @Test func foldersAndFilesThatOthersCanWriteToAreNamed() throws {
        let folder = try Folder()
        #expect(folder.faults(of: "real/deep/program") == [])
        chmod(folder.path + "/real", 0o777)
        chmod(folder.path + "/real/deep/program", 0o757)
        #expect(
            folder.faults(of: "real/deep/program") == [
                .writable(folder.path + "/real", 0o777), .writable(folder.path + "/real/deep/program", 0o757),
            ])
        #expect(
            folder.faults(of: "real/other/program").contains(.missing(folder.path + "/real/other", ENOENT)))
    }

    @Test func soAreTheFoldersOfLinks() throws {
        let folder = try Folder()
        try folder.link("links/one", to: "../real/deep")
        try folder.link("links/two", to: "\(folder.path)/links/one/program")
        #expect(folder.faults(of: "links/two") == [])
        chmod(folder.path + "/links", 0o777)
        #expect(folder.faults(of: "links/two") == [.writable(folder.path + "/links", 0o777)])
        chmod(folder.path + "/links", 0o755)
        chmod(folder.path + "/real/deep", 0o757)
        #expect(folder.faults(of: "links/two") == [.writable(folder.path + "/real/deep", 0o757)])
    }

    @Test func linksThatLeadNowhereEnd() throws {
        let folder = try Folder()
        try folder.link("links/a", to: "b")
        try folder.link("links/b", to: "a")
        #expect(folder.faults(of: "links/a").contains { if case .loop = $0 { true } else { false } })
        try folder.link("links/gone", to: "nothing")
        #expect(folder.faults(of: "links/gone") == [.missing(folder.path + "/links/nothing", ENOENT)])
    }

    @Test(.enabled(if: getuid() == 0, "only root can give a folder away")) func anotherOwnerIsNamed() throws {
        let folder = try Folder()
        lchown(folder.path + "/real", 0, 1)
        chmod(folder.path + "/real", 0o775)
        #expect(folder.faults(of: "real") == [.writable(folder.path + "/real", 0o775)])
        lchown(folder.path + "/real", 0, 0)
        // The group of root, in which nobody else is, is somebody to those who do not say otherwise.
        let strict = TrustedPath.faults(of: folder.path + "/real", trustsGroupOfRoot: false)
        #expect(strict.contains(.writable(folder.path + "/real", 0o775)))
        lchown(folder.path + "/real/deep", 1, 1)
        #expect(folder.faults(of: "real/deep/program") == [.owner(folder.path + "/real/deep", 1)])
    }
}
