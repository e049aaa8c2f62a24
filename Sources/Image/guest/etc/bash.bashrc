# For interactive shells. bash also reads it for every command that sshd runs: bash(1), "Invoked by remote shell daemon".
[ -n "${PS1-}" ] || return 0
shopt -s checkwinsize
PS1='\u@\h:\w\$ '
alias ls='ls --color=auto'
