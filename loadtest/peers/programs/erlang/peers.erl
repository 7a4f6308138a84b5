%% An answer to each order on standard input: see ../answer-orders.ts for the orders.
-module(peers).
-export([main/0]).

main() ->
    io:format("{\"system\":\"Erlang/OTP ~s, ~b schedulers\"}~n",
              [erlang:system_info(otp_release), erlang:system_info(schedulers_online)]),
    answer_all().

answer_all() ->
    case io:get_line("") of
        eof -> halt();
        Line ->
            io:format("~s~n", [answer(string:lexemes(Line, " \n"))]),
            answer_all()
    end.

%% Each order is carried out by a process of its own: what one leaves on its heap is not there for the next.
answer(Words) ->
    {Worker, Monitor} = spawn_monitor(fun() -> exit({answer, carry_out(Words)}) end),
    receive
        {'DOWN', Monitor, process, Worker, {answer, Reply}} -> Reply;
        {'DOWN', Monitor, process, Worker, Failure} ->
            io_lib:format("{\"error\":\"~s\"}", [escaped(io_lib:format("~0p", [Failure]))])
    end.

carry_out(["run", Times, Program | Sizes]) ->
    Play = program(Program, [list_to_integer(Size) || Size <- Sizes]),
    Begin = erlang:monotonic_time(),
    Answer = repeat(list_to_integer(Times), Play),
    Wall = erlang:convert_time_unit(erlang:monotonic_time() - Begin, native, nanosecond),
    io_lib:format("{\"wallMs\":~.6f,\"answer\":~b}", [Wall / 1.0e6, Answer]);
carry_out(["collect"]) ->
    [erlang:garbage_collect(Process) || Process <- erlang:processes()],
    "{}";
carry_out(["park", Processes]) ->
    io_lib:format("{\"bytes\":~b}", [programs:park(list_to_integer(Processes))]).

program("chain", [N]) -> fun() -> programs:chain(N) end;
program("hackysack", [Players, Turns]) -> fun() -> programs:hackysack(Players, Turns) end;
program("ping-pong", [RoundTrips]) -> fun() -> programs:ping_pong(RoundTrips) end;
program("sieve", [Limit, Primes]) -> fun() -> programs:sieve(Limit, Primes) end.

repeat(1, Play) -> Play();
repeat(Times, Play) -> Play(), repeat(Times - 1, Play).

escaped(Text) ->
    string:replace(string:replace(Text, "\\", "\\\\", all), "\"", "\\\"", all).
