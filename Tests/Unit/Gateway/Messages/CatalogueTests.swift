import BuildAPI
import Foundation
import ServiceClient
import TestSupport
import Testing

@testable import Gateway

/// Every reason has a message that a person can act on.
@Suite struct CatalogueTests {
    /// The names of an enumeration's cases, from its source.
    private func cases(of type: String, in file: String) throws -> Set<String> {
        let text = try Project.text(of: "Sources/\(file)")
        let start = try #require(text.range(of: "enum \(type): "))
        let line =
            text[..<start.lowerBound].split(separator: "\n", omittingEmptySubsequences: false).last ?? ""
        let indent = line.prefix { $0 == " " }.count
        let body = text[start.upperBound...].components(
            separatedBy: "\n" + String(repeating: " ", count: indent) + "}")[0]
        let head = String(repeating: " ", count: indent + 4) + "case "
        let names = body.split(separator: "\n").filter { $0.hasPrefix(head) }.flatMap {
            $0.dropFirst(head.count).replacing(/\(.*?\)/, with: "").split(separator: ", ").map(String.init)
        }
        return Set(names)
    }

    /// Only the person can do something about it.
    @Test func aLimitThatTheServiceNamesIsSaidInItsWords() {
        let problem = Problem(
            title: "", status: 429, detail: "This person already follows 200 logs.\u{1b}",
            quota: Quota(what: "streams", limit: 200))
        let named = Refusal.service(ServiceError(.tooMany(problem.quota), problem: problem, detail: ""))
        #expect(named.status == .tryAgain && named.sentence == "This person already follows 200 logs.?")
        let other = Refusal.service(ServiceError(.tooMany(nil), problem: problem, detail: ""))
        #expect(other.sentence.hasPrefix("The build service cannot answer now."))
    }

    @Test func everyReasonHasAnExample() throws {
        let names = try cases(of: "Refusal", in: "Gateway/Messages/Refusal.swift")
        #expect(names.count > 40)
        #expect(names == Set(Refusal.examples.map(\.name)))
        let codes = try cases(of: "Code", in: "ServiceClient/Sallyport/ServiceError.swift")
        #expect(
            codes
                == Set(
                    ServiceError.Code.all.map {
                        Mirror(reflecting: $0).children.first?.label ?? String(describing: $0)
                    }))
    }

    @Test func theFaultsOfAManifestAreHarmlessLines() {
        let message = Refusal.serviceRefused(Fixture.manifestError, "submit").message
        #expect(message.status == .badInput)
        #expect(message.list == ["line 2, sources: not read.", "line 4, arch: ?[2J."])
    }

    @Test func aMessageIsOfWholeSentencesAndSuitsItsStatus() {
        for refusal in Refusal.examples {
            let message = refusal.message
            #expect(!message.cause.isEmpty && message.status.code >= 64, "\(refusal)")
            #expect(message.text.unicodeScalars.allSatisfy { $0.value >= 32 }, "\(refusal)")
            // Those that begin with a verb's name, and those that end in a line to copy, are as they are.
            #expect(
                message.sentence.first?.isUppercase == true || message.sentence.hasPrefix("proxy"),
                "\(refusal)")
            if message.remedy != nil { #expect(".:".contains(message.sentence.last!), "\(refusal)") }
        }
    }

    @Test func commandsAreLinesToCopyAndThoseWhoNeedHelpLearnWhereToFindIt() {
        func text(_ refusal: Refusal) -> String {
            refusal.message.text(
                commandLine: { line, _ in "ssh builds@gateway \(line)" }, contact: "Ask in the lobby.")
        }
        let gone = Refusal.jobEnded(Fixture.job(builder: nil))
        #expect(text(gone).hasSuffix("Its log, if there is one: ssh builds@gateway tail 42"))
        #expect(gone.message.text.hasSuffix("if there is one: ssh … tail 42"))
        let asking = Refusal.examples.filter { text($0).hasSuffix(" Ask in the lobby.") }
        for refusal in Refusal.examples {
            let isForOthers = ["tell the administrator", "is unknown here", "is suspended"]
                .contains { refusal.message.text.contains($0) }
            #expect(
                isForOthers
                    == (text(refusal)
                        != refusal.message.text(
                            commandLine: { line, _ in "ssh builds@gateway \(line)" }, contact: nil)),
                "\(refusal)")
        }
        #expect(asking.count > 10)
    }

    @Test func whatOnlyAnAdministratorCanMendSaysSo() {
        for refusal in Refusal.examples where refusal.message.status == .misconfigured {
            guard refusal.name != "unwritableAnswer" else { continue }
            #expect(refusal.message.text.contains("tell the administrator"), "\(refusal)")
        }
    }
}
