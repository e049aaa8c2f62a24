import AuthorizedKeys
import BuildAPI
import Foundation

@testable import Conformance

/// Machines that are nobody's until somebody adopts them. What becomes of them afterwards is of no interest here.
extension ModelService {
    mutating func answerPairing(_ request: Request) -> Reply {
        if request.path.count == 1 { return pair(request) }
        if request.path[1] == "adoption" { return adopt(request) }
        guard let index = pairings.firstIndex(where: { $0.pairing.id == request.path[1] }) else {
            return problem(410)
        }
        guard request.method == "POST" else {
            if fault != .pairingsEnd { pairings.remove(at: index) }
            return Reply(status: 204)
        }
        return json(pairings[index].pairing) {
            if fault != .pairingsRenew { $0["code"] = nil }
        }
    }

    private mutating func pair(_ request: Request) -> Reply {
        guard let new = try? JSON.decode(NewAttachment.self, from: request.body) else { return problem(422) }
        let pairing = Pairing(
            id: "p\(pairings.count)", code: "K7M-2QX", expires: .now.addingTimeInterval(300), lease: 60)
        pairings.append((pairing, new))
        return json(pairing, 201) {
            if fault == .pairingsMake { $0["lease"] = 0 }
        }
    }

    private mutating func adopt(_ request: Request) -> Reply {
        let wanted = try? JSON.decode(Adoption.self, from: request.body)
        guard let key = try? PublicKey.parse(line: wanted?.key ?? "").key,
            let owner = keys.first(where: { $0.fingerprint == key.fingerprint })?.owner,
            let index = pairings.firstIndex(where: { pairing, _ in
                let isRight = pairing.code == wanted?.code || fault == .pairingsWrongCode
                return isRight && (pairing.attachment == nil || fault == .pairingsUsedCode)
            })
        else { return problem(404) }
        // A wrong code was enough, and the right one is to be good still.
        guard wanted?.code == pairings[index].pairing.code else { return json(["code": "wrong"], 201) }
        let new = pairings[index].machine
        let job = Job(
            id: JobID("p\(index)")!, owner: .person(owner), status: .running,
            builder: .init(
                state: .ready, endpoint: .socket(path: "/run/a"), user: new.user, hostKeys: new.hostKeys),
            attached: .init(from: new.from, key: key.fingerprint, adopted: true))
        pairings[index].pairing.attachment = Attachment(
            id: pairings[index].pairing.id, job: job, lease: 60, reconnect: 300,
            secret: fault == .pairingsAdopt ? "short" : String(repeating: "s", count: 40))
        return json(job, 201)
    }
}
