// sallyport-shell: the forced command, and possibly the account's login shell (ForcedSession). With admission
// `known` it looks up the keys that sallyport-lookup cannot (ServiceLookup).

import AuthorizedKeys
import Gateway
import Glibc
import Version

SessionLimits.apply()
if CommandLine.arguments.count > 1, CommandLine.arguments[1] == KeyLookupCommand.word {
    _exit(ServiceLookup.run(arguments: CommandLine.arguments))
}
if CommandLine.arguments.dropFirst() == ["--version"] {
    Version.print(of: "sallyport-shell")
    exit(0)
}
// Nothing is left to do, and the person would wait for whatever libraries do at exit(3).
_exit(ForcedSession.run(arguments: CommandLine.arguments, environment: SessionEnvironment.take()))
