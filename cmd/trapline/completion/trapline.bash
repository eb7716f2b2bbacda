# bash completion for trapline                             -*- shell-script -*-
#
# trapline itself knows what may follow; this script asks it, with the option
# --completion. In trapline's sources, cmd/trapline/complete.go has the answers.

_trapline()
{
    # bash splits words at = and :, which trapline needs whole. at has where each
    # whole word begins in COMP_WORDS.
    local line=${COMP_LINE:0:COMP_POINT} blank piece i
    local -a words=() at=()
    for ((i = 0; i <= COMP_CWORD; i++)); do
        blank=${line%%[![:space:]]*}
        line=${line#"$blank"}
        piece=${COMP_WORDS[i]}
        [[ $piece == "$line"* ]] && piece=$line # up to the cursor
        line=${line#"$piece"}
        if ((i == 0)) || [[ $blank ]] || [[ ! $piece && ! ${COMP_WORDS[i]} ]]; then
            words+=("$piece")
            at+=("$i")
        else
            words[-1]+=$piece
        fi
    done
    for ((i = 0; i < ${#words[@]}; i++)); do
        words[i]=${words[i]//[\"\'\\]/}
    done

    # What readline replaces is the part behind the last = or :.
    local current=${words[-1]}
    [[ $piece == [=:]* ]] && piece=
    piece=${piece//[\"\'\\]/}
    local kept=${current%"$piece"}

    local answer word about open= files
    local -a answers found=() described=()
    mapfile -t answers < <("${words[0]/#\~/$HOME}" --completion=bash -- "${words[@]:1}" 2>/dev/null)
    for answer in "${answers[@]}"; do
        case $answer in
            :open) open=1 ;;
            ":command "*)
                i=${at[${answer#:command } + 1]}
                if declare -F _comp_command_offset >/dev/null; then
                    _comp_command_offset "$i"
                elif declare -F _command_offset >/dev/null; then
                    _command_offset "$i"
                elif ((i == COMP_CWORD)); then
                    compopt -o filenames
                    mapfile -t COMPREPLY < <(compgen -c -- "$current")
                else
                    compopt -o filenames
                    mapfile -t COMPREPLY < <(compgen -f -- "$current")
                fi
                return
                ;;
            ":files "*)
                answer=${answer#:files }
                compopt -o filenames
                while IFS= read -r files; do
                    [[ $answer != "$kept" && -d $files ]] && files+=/ && open=1
                    files=$answer$files
                    found+=("${files#"$kept"}")
                    described+=("${files#"$kept"}")
                done < <(compgen -f -- "${current#"$answer"}")
                ;;
            ":users "*)
                answer=${answer#:users }
                while IFS= read -r word; do
                    found+=("${answer#"$kept"}$word")
                    described+=("${answer#"$kept"}$word")
                done < <(compgen -u -- "${current#"$answer"}")
                ;;
            *)
                word=${answer%%$'\t'*}
                about=${answer#*$'\t'}
                [[ $word == *[=:] ]] && open=1
                found+=("${word#"$kept"}")
                described+=("${word#"$kept"}${about:+  ($about)}")
                ;;
        esac
    done
    [[ $open ]] && compopt -o nospace
    # A list of candidates has explanations, too.
    if ((${#found[@]} > 1)) && [[ $COMP_TYPE == 63 ]]; then
        COMPREPLY=("${described[@]}")
    else
        COMPREPLY=("${found[@]}")
    fi
} && complete -F _trapline trapline
