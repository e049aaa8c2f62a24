// sallyport-shell: the forced command, and possibly the account's login shell (ForcedSession). With admission `known`
// the dispatcher becomes it too, to look a key up (KeyLookup).

import AuthorizedKeys
import Gateway
import Glibc

if CommandLine.arguments.count > 1, CommandLine.arguments[1] == KeyLookupCommand.word {
    exit(KeyLookup.run(arguments: CommandLine.arguments))
}
exit(ForcedSession.run(arguments: CommandLine.arguments, environment: SessionEnvironment.take()))
