# For every shell that a person gets, and for every command that sshd runs: bash also reads this file when
# sshd starts it (bash(1), "Invoked by remote shell daemon").

# sshd sets a PATH without the administrators' folders; tasks and login shells have this one. Everything that
# they start keeps the PATH it is given.
[ "$SHLVL" != 1 ] || export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin

# The runner's helpers follow a protocol, and must not see the job's environment.
case $BASH_EXECUTION_STRING in /usr/lib/sallyport/*) return ;; esac

# The job's own environment (JOB_ID and what the manifest says). A task may append to this file.
[ -r ~/.buildenv ] && . ~/.buildenv

export LANG="${LANG:-C.UTF-8}"

# Everything below is for terminals only.
[ -z "$PS1" ] && return

# A terminal that this small machine has never heard of usually understands what xterm does.
if [ -n "$TERM" ] && [ ! -e "/usr/lib/terminfo/${TERM:0:1}/$TERM" ] && [ ! -e "$HOME/.terminfo" ]; then
    TERM=xterm-256color
fi
shopt -s checkwinsize
PS1='\u@\h:\w\$ '
alias ls='ls --color=auto'
