import HelperPrograms
package import Provider

/// The script that sends files from a builder. It goes along with each call: no image has to bring it.
package enum CollectScript {
    /// The command line for a shell there.
    ///
    /// - Parameter name: the path that the script would have among the others there, by which it finds `places`.
    package static func command(_ wanted: WantedFiles, as name: String) -> String {
        let patterns = wanted.patterns.map(\.shellWord).joined(separator: " ")
        // The job's variables, which a shell there may have, are none of its business.
        return
            "exec /usr/bin/env -i HOME=\"$HOME\" PATH=\(path) sh -c \(script.shellWord) \(name) \(wanted.size) \(wanted.count) \(patterns)"
    }

    private static let path =
        "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:/run/current-system/sw/bin"

    /// `collect BYTES FILES PATTERN…`, for any POSIX shell; ``FilePartParser`` reads what it prints.
    ///
    /// A name with a newline in it is left out: nothing could be told about it. What becomes larger or smaller while it is sent is
    /// sent with the size that it had, and "changed".
    package static let script = #"""
        . "${0%/*}/places"
        cd || exit 66
        [ ! -e "$state/source" ] || cd src || exit 66
        exec 2>/dev/null
        limit=$1 most=$2
        shift 2
        IFS=
        nl='
        '
        # is_linked NAME: whether it, or a folder on the way to it, is a symbolic link.
        is_linked() {
            way=$1
            while :; do
                [ ! -L "$way" ] || return 0
                case $way in
                */*) way=${way%/*} ;;
                *) return 1 ;;
                esac
            done
        }
        # walk FOLDER: the files in it and below it, without links.
        walk() (
            for name in "$1"/* "$1"/.[!.]* "$1"/..?*; do
                case $name in *"$nl"*) continue ;; esac
                [ ! -L "$name" ] || continue
                if [ -f "$name" ]; then
                    printf 'file %s\n' "$name"
                elif [ -d "$name" ]; then
                    walk "$name"
                fi
            done
        )
        list() {
            index=0
            for pattern do
                found=
                for name in $pattern; do
                    [ -e "$name" ] || [ -L "$name" ] || continue
                    case $name in *"$nl"*) continue ;; esac
                    if is_linked "$name"; then
                        found=yes
                        printf 'link %s\n' "$name"
                    elif [ -f "$name" ]; then
                        found=yes
                        printf 'file %s\n' "$name"
                    elif [ -d "$name" ]; then
                        files=$(walk "$name")
                        [ -n "$files" ] || continue
                        found=yes
                        printf '%s\n' "$files"
                    else
                        found=yes
                        printf 'other %s\n' "$name"
                    fi
                done
                [ -n "$found" ] || printf 'none %s\n' "$index"
                index=$((index + 1))
            done
        }
        size_of() {
            size=$(wc -c <"$1") || return 1
            size=$(($size))
        }
        send() {
            left=$limit count=0
            while read -r line; do
                name=${line#file }
                if [ "$name" = "$line" ]; then
                    printf '%s\n' "$line"
                    continue
                fi
                if ! size_of "$name"; then
                    printf 'unreadable %s\n' "$name"
                elif [ "$count" -ge "$most" ]; then
                    printf 'many\n'
                    break
                elif [ "$size" -gt "$left" ]; then
                    printf 'large %s %s\n' "$size" "$name"
                else
                    left=$((left - size)) count=$((count + 1)) sent=$size
                    printf 'file %s %s\n' "$size" "$name"
                    [ "$size" = 0 ] || { cat <"$name"; cat /dev/zero; } | head -c "$size"
                    if size_of "$name" && [ "$size" = "$sent" ]; then
                        printf 'whole\n'
                    else
                        printf 'changed\n'
                    fi
                fi
            done
            printf 'end\n'
        }
        list "$@" | LC_ALL=C sort -u | send
        """#
}
