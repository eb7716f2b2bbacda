# fish completion for trapline. trapline itself knows what may follow; this script
# asks it, with the option --completion. In trapline's sources,
# cmd/trapline/complete.go has the answers.

function __trapline_complete
    set -l words (commandline -opc)
    set -l current (commandline -ct)
    set -l program $words[1]
    set -e words[1]
    for answer in (command $program --completion=fish -- $words $current 2>/dev/null)
        switch $answer
            case ':command *'
                set -l n (math (string sub -s 10 -- $answer) + 1)
                set -l rest
                if test $n -le (count $words)
                    set rest (string escape -- $words[$n..-1])
                end
                complete -C (string join ' ' -- $rest $current)
            case ':files *'
                set -l prefix (string sub -s 8 -- $answer)
                set -l name (string sub -s (math (string length -- $prefix) + 1) -- $current)
                for file in (complete -C "'' $name")
                    echo $prefix$file
                end
            case ':users *'
                set -l prefix (string sub -s 8 -- $answer)
                for user in (__fish_complete_users)
                    echo $prefix$user
                end
            case ':*'
            case '*'
                echo $answer
        end
    end
end

complete -c trapline -f -k -a '(__trapline_complete)'
