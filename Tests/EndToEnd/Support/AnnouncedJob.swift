import Foundation
import Synchronization

/// A job with a builder about which the service has news: first that it ends soon and that Bob has come, then nothing
/// for a while, then that it has ended.
final class AnnouncedJob: Sendable {
    private enum Stage {
        case entered, silent, ended
    }

    private let number: String
    private let builder: String
    private let stage = Mutex(Stage.entered)

    convenience init(number: String, port: UInt16, hostKey: String) {
        self.init(number: number, at: #""address": "127.0.0.1", "port": \#(port)"#, hostKey: hostKey)
    }

    /// - Parameter endpoint: `unix:` and the path of a socket.
    convenience init(number: String, endpoint: String, hostKey: String) {
        self.init(number: number, at: #""endpoint": "\#(endpoint)""#, hostKey: hostKey)
    }

    private init(number: String, at place: String, hostKey: String) {
        self.number = number
        builder = #"{"state": "kept", \#(place), "user": "build", "host_keys": ["\#(hostKey)"]}"#
    }

    /// Bob releases the builder.
    func end() {
        stage.withLock { $0 = .ended }
    }

    func answer(_ request: Substring) -> ScriptedService.Reply {
        let later = Self.time(after: 7200)
        if request.contains("/v1/keys/") { return ScriptedService.key(request, name: "alice") }
        if request.hasPrefix("DELETE") { return .bytes("HTTP/1.1 204 No Content\r\n\r\n") }
        if request.hasPrefix("POST") {
            return ScriptedService.json(
                #"""
                {"id": "c", "job": "\#(number)", "kind": "shell", "builder": \#(builder), "deadline": "\#(later)",
                 "lease": 60, "key_admitted": true}
                """#)
        }
        guard request.contains("/events?person=1 ") else {
            return ScriptedService.json(job(#""deadline": "\#(later)", "builder": \#(builder)"#))
        }
        return stage.withLock { stage in
            switch stage {
            case .entered:
                stage = .silent
                return event(
                    #"""
                    "deadline": "\#(Self.time(after: 80))", "builder": \#(builder), "sessions": [{"session": "b",
                     "person": {"id": "2", "name": "bob"}, "kind": "shell", "from": "::1", "since": "\#(later)"}]
                    """#)
            case .silent: return .silence
            case .ended:
                return event(#""builder_end": {"reason": "released", "by": {"id": "2", "name": "bob"}}"#)
            }
        }
    }

    private func event(_ members: String) -> ScriptedService.Reply {
        let data = job(members).filter { $0 != "\n" }
        return ScriptedService.answer(
            "200 OK", "text/event-stream", "id: 1\nevent: builder\ndata: \(data)\n\n")
    }

    private func job(_ members: String) -> String {
        let sessions = members.contains("sessions") ? "" : #""sessions": [], "#
        return #"""
            {"id": "\#(number)", "owner": {"id": "1", "name": "alice"}, "note": "a note", "status": "failed",
             "visibility": "unlisted", "created": "2026-11-21T10:00:00Z", "held": false, "shares": [], "tasks": [],
             "max_deadline": "\#(Self.time(after: 86_400))", "shell": false, \#(sessions)\#(members)}
            """#
    }

    private static func time(after seconds: Double) -> String {
        Date(timeIntervalSinceNow: seconds).formatted(.iso8601)
    }
}
