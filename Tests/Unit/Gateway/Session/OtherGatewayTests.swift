import BuildAPI
import ConfigurationFile
import EventLoop
import TestSupport
import Testing

@testable import Gateway

/// Several gateways, and a machine that has dialled one of them.
@Suite struct OtherGatewayTests {
    /// The sentence and what follows it; nil: the machine is here.
    private func refusal(of dialled: String?, at own: String?) -> String? {
        var job = Fixture.job()
        job.attached = .init(from: "192.0.2.7", key: "SHA256:abc", gateway: dialled)
        let test = TestSession(on: EventLoop(VirtualTime()), command: "connect 42") {
            $0.gateway.name = own
            $0.gateway.publicPort = 2222
        }
        do throws(Refusal) {
            try test.context.requireHere(job)
            return nil
        } catch {
            return error.message.text
        }
    }

    @Test func theWrongOneHasTheLineForTheRightOne() {
        for own in ["gw1.example.org", nil] {
            let text = refusal(of: "gw2.example.org", at: own)
            #expect(text?.contains("The machine of job 42 is connected to another gateway.") == true)
            #expect(text?.contains("ssh -t -p 2222 builds@gw2.example.org connect 42") == true)
        }
    }

    @Test func theRightOneAndTheOnlyOneLetPeopleIn() {
        #expect(refusal(of: "gw1.example.org", at: "gw1.example.org") == nil)
        #expect(refusal(of: nil, at: nil) == nil)
        // It had no name yet when the machine came.
        #expect(refusal(of: nil, at: "gw1.example.org") == nil)
    }

    /// The service is trusted, but a shell that copies the line is not asked to trust it.
    @Test func whatIsNoHostNameIsNoLine() {
        #expect(refusal(of: "gw2; reboot", at: "gw1") == nil)
    }
}
