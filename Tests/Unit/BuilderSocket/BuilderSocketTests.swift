import CLinux
import Connections
import Foundation
import Testing

@testable import BuilderSocket

/// Who can connect to a builder's socket.
@Suite struct BuilderSocketTests {
    @Test func nobodyConnectsButUsAndTheGateway() throws {
        let folder = try Scratch()
        let gateway = geteuid() + 4711
        for socket in [
            BuilderSocket(path: "\(folder.path)/a/1", gateway: gateway),
            BuilderSocket(path: "\(folder.path)/a/2"),
            BuilderSocket(path: "\(folder.path)/a/3", gateway: geteuid()),
        ] {
            #expect(socket.makeFolder() == 0)
            let listener = try Sockets.listen(at: socket.path)
            defer { close(listener) }
            #expect(socket.restrict() == 0)
            var status = stat()
            #expect(stat(socket.path, &status) == 0)
            var list = [UInt8](repeating: 0, count: 256)
            let count = getxattr(socket.path, "system.posix_acl_access", &list, list.count)
            if socket.gateway == gateway {
                // With a list, the group's bits are the mask; without lists, the keeper decides.
                let hasLists = count > 0
                #expect(status.st_mode & 0o777 == (hasLists ? 0o660 : 0o666))
                if hasLists {
                    #expect(list.prefix(count).elementsEqual(AccessList.list(for: gateway, .connect)))
                }
            } else {
                #expect(status.st_mode & 0o777 == 0o600 && count <= 0)
            }
            #expect(socket.users.isSuperset(of: [geteuid(), 0]))
            #expect(socket.users.contains(gateway) == (socket.gateway == gateway))
        }
        var status = stat()
        #expect(stat("\(folder.path)/a", &status) == 0 && status.st_mode & 0o777 == 0o711)
    }

    @Test func whatCannotBeMadeIsAnError() {
        #expect(BuilderSocket(path: "/proc/nothing/1").makeFolder() == ENOENT)
        #expect(BuilderSocket(path: "/proc/nothing/1").restrict() == ENOENT)
    }
}
