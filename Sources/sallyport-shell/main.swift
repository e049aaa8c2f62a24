// sallyport-shell: the forced command, and possibly the account's login shell. See ForcedSession.

import Gateway
import Glibc

exit(ForcedSession.run(arguments: CommandLine.arguments, environment: SessionEnvironment.take()))
