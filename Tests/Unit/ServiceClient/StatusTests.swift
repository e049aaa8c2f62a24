import BuildAPI
import Foundation
import Testing

@testable import ServiceClient

/// What an HTTP status means for each kind of request.
@Suite struct StatusTests {
    @Test(
        arguments: [
            (401, .job, .notAuthenticated), (403, .claim, .notPermitted), (302, .job, .redirected),
            (404, .key, .noSuchKey), (404, .job, .noSuchJob), (404, .log, .noSuchLog),
            (404, .claim, .noSuchJob), (404, .standingClaim, .claimEnded), (404, .optional, .notOffered),
            (404, .keyOfPerson, .noSuchKey), (404, .person, .noSuchPerson), (404, .other, .refused),
            (405, .optional, .notOffered), (501, .acceptance, .notOffered), (405, .claim, .refused),
            (404, .events, .notOffered), (405, .events, .notOffered), (501, .log, .notOffered),
            (404, .endOfClaim, .claimEnded), (410, .endOfClaim, .claimEnded), (501, .endOfClaim, .notOffered),
            (405, .endOfClaim, .notOffered), (501, .standingClaim, .unavailable),
            (501, .claim, .unavailable), (409, .claim, .notReady), (409, .acceptance, .termsChanged),
            (409, .key, .conflict), (409, .optional, .conflict), (410, .standingClaim, .claimEnded),
            (410, .claim, .builderGone), (410, .optional, .builderGone), (416, .log, .noSuchLog),
            (416, .job, .refused), (400, .optional, .badInput), (413, .optional, .badInput),
            (422, .optional, .badInput), (429, .claim, .tooMany(nil)), (500, .job, .unavailable),
            (503, .claim, .unavailable), (507, .optional, .unavailable), (418, .job, .refused),
        ] as [(Int, Subject, ServiceError.Code)])
    func aStatusMeansWhatWasAsked(status: Int, subject: Subject, code: ServiceError.Code) {
        #expect(ServiceError(HTTPResponse(status: status, body: []), about: subject).code == code)
    }

    private func error(_ status: Int, _ problem: String, type: String = MediaType.problem) -> ServiceError {
        ServiceError(
            HTTPResponse(status: status, mediaType: type, body: Array(problem.utf8)), about: .claim)
    }

    @Test func theServiceSaysWhatThereIsTooMuchOf() {
        let told = error(
            429, #"{"type":"about:blank","title":"t","status":429,"quota":{"what":"sessions","limit":10}}"#)
        #expect(told.code == .tooMany(Quota(what: "sessions", limit: 10)) && told.isTransient)
    }

    @Test func aSuspensionIsToldByItsType() {
        let problem = #"{"type":"urn:sallyport:suspended","title":"t","status":403}"#
        #expect(error(403, problem).code == .suspended && !error(403, problem).isTransient)
    }

    @Test(arguments: [Subject.claim, .standingClaim]) func anEndedSessionIsToldByItsType(subject: Subject) {
        let problem = #"{"type":"urn:sallyport:session-ended","title":"t","status":410}"#
        let response = HTTPResponse(status: 410, mediaType: MediaType.problem, body: Array(problem.utf8))
        let error = ServiceError(response, about: subject)
        #expect(error.code == .sessionEnded && !error.isTransient)
    }

    @Test func thatPeopleAreUnknownIsToldByItsType() {
        let problem = #"{"type":"urn:sallyport:people-unknown","title":"t","status":503}"#
        #expect(error(503, problem).code == .unavailable && error(503, problem).saysPeopleAreUnknown)
        #expect(!error(503, #"{"title":"t","status":503}"#).saysPeopleAreUnknown)
    }

    @Test func termsOfUseAreToldByTheirType() {
        let problem = #"{"type":"urn:sallyport:terms","title":"t","status":403,"detail":"accept them"}"#
        #expect(error(403, problem).code == .termsChanged)
        #expect(error(403, problem).problem?.detail == "accept them")
        #expect(error(403, problem, type: "text/html").code == .notPermitted, "that is no problem's text")
    }
}
