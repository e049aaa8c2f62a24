# For interactive shells. bash also reads it for every command that sshd runs: bash(1), "Invoked by remote shell daemon".
[ -n "${PS1-}" ] || return
shopt -s checkwinsize
PS1='\u@\h:\w\$ '
alias ls='ls --color=auto'
