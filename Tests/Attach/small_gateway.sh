# Plays a gateway, a CI and a person on a machine that has nothing but busybox: small_gateway.sh SCRIPT [terminal]
# Prints what each of them saw. The gateway's and the person's OpenSSH are a bundle's, whatever the machine has.

umask 077
script=$1 terminal=$2 folder=/tmp/gateway
[ -n "$TMPDIR" ] && folder=$TMPDIR/gateway
mkdir "$folder" && cd "$folder" || exit 90
sh /tmp/sallyport-attach/run prepare "$folder" || exit 91
theirs() { sh "$folder/run" "$@"; }
for key in host job person; do
    theirs ssh-keygen -q -t ed25519 -N '' -C '' -f "$key" || exit 92
done
mkfifo from-machine to-machine came left
cat >conf <<END
HostKey $folder/host
AuthorizedKeysFile $folder/job.pub
ForceCommand sh $folder/forced
UsePAM no
StrictModes no
PidFile none
END
cat sshd_config.bundle >>conf
cat >forced <<END
cd $folder
case \$SSH_ORIGINAL_COMMAND in
'attach 1')
    while read -r line && [ "\$line" != done ]; do echo "said \$line"; done >>said
    printf 'sallyport 1\njob 57\nsecret %040d\nkey %s\n' 7 "\$(cat person.pub)"
    while read -r line; do case \$line in keyed*) break ;; esac; done
    printf 'ready\nopen %032d\n' 7
    echo >came
    cat left
    echo 'end The test is finished.'
    ;;
attach-stream*)
    exec 3<&0
    cat <&3 >from-machine &
    exec cat <to-machine
    ;;
esac
END
echo 'cat <from-machine & exec cat >to-machine' >proxy

# The person, who comes when the gateway has let the machine in.
(
    read -r _ <came
    theirs ssh -F none -i person -o BatchMode=yes -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o LogLevel=ERROR \
        -o "ProxyCommand=sh proxy" ${terminal:+-tt} "$(cat user)@machine" \
        'echo "inside as $(id -u) in $PWD with STEP=$STEP, $(tty)"; command -v scp >/dev/null && echo "inside is an scp"' \
        </dev/null >inside 2>&1
    echo >left
) &
person=$!

# The CI.
mkdir work && cd work || exit 93
STEP=check sh "$script" "$(cat ../user)@gateway" --identity "$folder/job" --host-key "$(cat ../host.pub)" \
    --ssh-option "ProxyCommand=sh $folder/run sshd -i -f $folder/conf" -- sh -c 'echo output; exit 3' 2>../messages
echo "status $?"
cd ..
[ -e said ] || kill "$person"
wait "$person"
sed 's/^/message /' messages
[ ! -e said ] || cat said
[ ! -e inside ] || tr -d '\r' <inside
# Nothing of the script is left: it has a while for that.
tries=0
while left=$(ps -o args | grep -v -e ' -c ' -e '^ps ' -e '^grep ' -e small_gateway -e "$folder" | grep -e sshd -e ssh -e sallyport-attach) &&
    [ "$tries" -lt 50 ]; do
    tries=$((tries + 1))
    sleep 0.1
done
echo "$left" | sed -n 's/^./left &/p'
theirs clean
ls -d /tmp/sallyport-attach.* /var/tmp/sallyport* /dev/shm/sallyport* "$HOME"/sallyport* 2>/dev/null | sed 's/^/left /'
exit 0
