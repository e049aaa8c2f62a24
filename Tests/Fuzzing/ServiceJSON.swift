import BuildAPI
import FoundationEssentials

/// The answers of a build service. An answer is refused, or is a value that can be written and read again.
func check(_ input: [UInt8]) {
    let data = Data(input)
    let jobs = checkValue(JobList.self, data)?.jobs ?? []
    for job in jobs + [checkValue(Job.self, data)].compactMap(\.self) {
        promise("a job has a job's name", JobID(job.id.description) == job.id)
    }
    _ = checkValue(Claim.self, data)
    _ = checkValue(ClaimRequest.self, data)
    _ = checkValue(Key.self, data)
    _ = checkValue(KeyList.self, data)
    _ = checkValue(NewKey.self, data)
    _ = checkValue(NewDeadline.self, data)
    _ = checkValue(TermsOfUse.self, data)
    _ = checkValue(Problem.self, data)
}

private func checkValue<Value: Codable & Equatable>(_ type: Value.Type, _ data: Data) -> Value? {
    guard let value = try? JSON.decode(type, from: data) else { return nil }
    do {
        // Times are written to the second: only what has been written once is the same ever after.
        let written = try JSON.encode(value)
        let again = try JSON.decode(type, from: written)
        promise("a \(type) that was read and written stays as it is", try JSON.encode(again) == written)
    } catch {
        promise("a \(type) that was read can be written and read again: \(error)", false)
    }
    return value
}
