%% The benchmark programs as Erlang has them: processes and their mailboxes, which never make a sender wait.
-module(programs).
-export([chain/1, hackysack/2, ping_pong/1, sieve/2, park/1]).

%% N processes in a row, each adds one to what comes to it and passes it on.
chain(N) ->
    Last = links(N, self()),
    Last ! 0,
    Answer = receive Value -> Value end,
    check(the_answer, Answer, N).

links(0, Left) -> Left;
links(N, Left) -> links(N - 1, spawn(fun() -> pass_on(Left) end)).

pass_on(Left) ->
    receive Value -> Left ! Value + 1 end.

%% Players in a circle kick one ball about until it was caught often enough; the last sends the others home.
%% The ball carries the counter. The circle is a table: a tuple of players would be copied for each of them.
hackysack(Players, Turns) ->
    Circle = ets:new(circle, [public]),
    Main = self(),
    [ets:insert(Circle, {Self, spawn(fun() -> play(Circle, Self, Players, Turns, Main) end)})
     || Self <- lists:seq(1, Players)],
    ets:lookup_element(Circle, 1, 2) ! {ball, 0},
    Counter = receive {counter, Count} -> Count end,
    Exits = exits(Players - 1, 0),
    ets:delete(Circle),
    check(exits, Exits, Players - 1),
    check(the_counter, Counter, Turns).

play(Circle, Self, Players, Turns, Main) ->
    receive
        exit ->
            Main ! exit;
        {ball, Count} when Count + 1 =:= Turns ->
            [ets:lookup_element(Circle, Other, 2) ! exit || Other <- lists:seq(1, Players), Other =/= Self],
            Main ! {counter, Count + 1};
        {ball, Count} ->
            ets:lookup_element(Circle, rand:uniform(Players), 2) ! {ball, Count + 1},
            play(Circle, Self, Players, Turns, Main)
    end.

exits(0, Exits) -> Exits;
exits(Left, Exits) -> receive exit -> exits(Left - 1, Exits + 1) end.

%% Two processes hand one ball to and fro; each adds one to it.
ping_pong(RoundTrips) ->
    Main = self(),
    Pong = spawn(fun() -> pong(RoundTrips, Main) end),
    check(the_ball, ping(RoundTrips, Pong, 0), 2 * RoundTrips).

ping(0, _Pong, Ball) -> Ball;
ping(RoundTrips, Pong, Ball) ->
    Pong ! Ball + 1,
    receive Back -> ping(RoundTrips - 1, Pong, Back) end.

pong(0, _Main) -> ok;
pong(RoundTrips, Main) ->
    receive Ball -> Main ! Ball + 1 end,
    pong(RoundTrips - 1, Main).

%% Numbers up to a limit run through a row of filters. A filter's first number is its prime. Gives the largest.
sieve(Limit, Primes) ->
    Main = self(),
    First = spawn(fun() -> filter(Main) end),
    spawn(fun() -> count(2, Limit, First) end),
    {Found, Largest} = primes(0, 0),
    check(primes, Found, Primes),
    Largest.

primes(Found, Largest) ->
    receive
        {prime, Prime} -> primes(Found + 1, max(Prime, Largest));
        done -> {Found, Largest}
    end.

count(Number, Limit, To) when Number > Limit -> To ! done;
count(Number, Limit, To) ->
    To ! Number,
    count(Number + 1, Limit, To).

filter(Main) ->
    receive
        done -> Main ! done;
        Prime ->
            Main ! {prime, Prime},
            sift(Prime, spawn(fun() -> filter(Main) end))
    end.

sift(Prime, Next) ->
    receive
        done -> Next ! done;
        Number when Number rem Prime =:= 0 -> sift(Prime, Next);
        Number -> Next ! Number, sift(Prime, Next)
    end.

%% The bytes that processes take while all of them wait for a message.
park(Processes) ->
    Main = self(),
    Before = live_bytes(),
    Waiting = [spawn(fun() -> wait(Main) end) || _ <- lists:seq(1, Processes)],
    [receive waiting -> ok end || _ <- Waiting],
    Bytes = live_bytes() - Before,
    [Process ! 1 || Process <- Waiting],
    Received = lists:sum([receive {received, Value} -> Value end || _ <- Waiting]),
    check(the_values_received, Received, Processes),
    Bytes.

wait(Main) ->
    Main ! waiting,
    receive Value -> Main ! {received, Value} end.

live_bytes() ->
    erlang:garbage_collect(),
    erlang:memory(total).

check(_What, Value, Value) -> Value;
check(What, Value, ShouldBe) -> exit({What, should_be, ShouldBe, got, Value}).
