import Testing

@testable import sallyport_bench

@Suite struct KeptRunTests {
    private let kept = KeptRun(
        text: """
            This machine has two cores.
            bench dispatch-any 1.400 ms 1.150 static-c
            bench session-pss 2.900 MB - -
            bench logins 30.000 /s 0.930 stock-sshd

            """)

    private func complaint(_ line: String) throws -> String? {
        try #require(kept).complaint(about: try #require(Figure(line: line)))
    }

    @Test func linesAreReadAsTheyAreWritten() throws {
        for line in ["bench dispatch-any 1.400 ms 1.150 static-c", "bench session-pss 2.900 MB - -"] {
            #expect(try #require(Figure(line: line)).line == line)
        }
        #expect(Figure(line: "This machine has two cores.") == nil)
        #expect(KeptRun(text: "nothing") == nil)
    }

    @Test func ratiosCountWhereThereAreSome() throws {
        #expect(try complaint("bench dispatch-any 2.800 ms 1.150 static-c") == nil)
        #expect(try complaint("bench dispatch-any 1.400 ms 1.260 static-c") == nil)
        #expect(
            try complaint("bench dispatch-any 1.400 ms 1.300 static-c")
                == "worse dispatch-any 1.300, was 1.150: the ratio to static-c")
    }

    @Test func otherwiseValuesDo() throws {
        #expect(try complaint("bench session-pss 3.100 MB - -") == nil)
        #expect(try complaint("bench session-pss 3.300 MB - -") == "worse session-pss 3.300, was 2.900: MB")
        #expect(try complaint("bench new 3.300 MB - -") == nil)
    }

    @Test func moreCanBeBetter() throws {
        #expect(try complaint("bench logins 20.000 /s 1.200 stock-sshd") == nil)
        #expect(
            try complaint("bench logins 20.000 /s 0.700 stock-sshd")
                == "worse logins 0.700, was 0.930: the ratio to stock-sshd")
    }
}
