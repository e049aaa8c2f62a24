import BuildAPI
import ServiceClient

/// Pairings in memory: what a test puts into it is answered at once.
final class MemoryPairings: PairingService {
    /// All that has been asked for, a word or two each.
    private(set) var requests: [String] = []
    private(set) var machines: [NewAttachment] = []
    private(set) var adoptions: [Adoption] = []
    /// What is answered to a machine that comes, and to whoever asks about it.
    var pairing: Result<Pairing, ServiceError> = .failure(ServiceError(.notOffered, detail: "in a test"))
    var renewed: Result<Pairing, ServiceError>?
    /// What somebody with a code gets.
    var job: Result<Job, ServiceError> = .failure(ServiceError(.noSuchJob, detail: "in a test"))

    func pair(_ machine: NewAttachment, _ answer: @escaping (Result<Pairing, ServiceError>) -> Void) {
        machines.append(machine)
        requests.append("pair")
        answer(pairing)
    }

    func renew(_ pairing: Pairing, _ answer: @escaping (Result<Pairing, ServiceError>) -> Void) {
        requests.append("renew")
        answer(renewed ?? .success(pairing))
    }

    func end(_ pairing: Pairing, _ answer: @escaping (Result<Void, ServiceError>) -> Void) {
        requests.append("end")
        answer(.success(()))
    }

    func adopt(_ adoption: Adoption, _ answer: @escaping (Result<Job, ServiceError>) -> Void) {
        adoptions.append(adoption)
        requests.append("adopt")
        answer(job)
    }
}
