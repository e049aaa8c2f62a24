import BuildAPI
import Presentation

/// Checks that apply to every answer.
extension Examination {
    func lookAtAnswers() {
        let answers = client.answers.filter { $0.status != 0 && !$0.request.hasPrefix("DELETE") }
        let data = answers.filter {
            (200..<300).contains($0.status) && $0.status != 204 && !Self.isStream($0)
        }
        check(.answersJSON) {
            for answer in data {
                try expect(answer.mediaType == "application/json", "\(answer.summary), \(answer.mediaType)")
            }
            return data.count.counted("answer")
        }
        check(.answersProblem) {
            let refusals = client.answers.filter { $0.status >= 400 }
            for answer in refusals {
                try expect(
                    answer.mediaType == "application/problem+json", "\(answer.summary), \(answer.mediaType)")
                let problem = try decode(Problem.self, answer.body)
                try expect(
                    problem.status == answer.status, "\(answer.summary), and \(problem.status) in the body")
            }
            return refusals.count.counted("refusal")
        }
        check(.answersSize) {
            let largest = data.max { $0.body.count < $1.body.count }
            let size = largest?.body.count ?? 0
            try expect(size <= 1 << 20, "\(largest?.summary ?? ""), \(size) bytes")
            return "\(size) bytes at most"
        }
    }

    private static func isStream(_ answer: Answer) -> Bool {
        answer.request.contains("/logs/") || answer.request.hasSuffix("/events")
    }
}
