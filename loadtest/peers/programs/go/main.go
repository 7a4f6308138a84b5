// The benchmark programs in Go, and an answer to each order on standard input: see ../README.md for the orders.
package main

import (
	"bufio"
	"fmt"
	"os"
	"runtime"
	"strconv"
	"strings"
	"time"
)

func main() {
	fmt.Printf("{\"system\":\"%s, GOMAXPROCS=%d\"}\n", runtime.Version(), runtime.GOMAXPROCS(0))
	orders := bufio.NewScanner(os.Stdin)
	for orders.Scan() {
		fmt.Println(answer(strings.Fields(orders.Text())))
	}
}

func answer(words []string) (reply string) {
	defer func() {
		if failure := recover(); failure != nil {
			reply = fmt.Sprintf("{\"error\":%q}", fmt.Sprint(failure))
		}
	}()
	switch words[0] {
	case "collect":
		runtime.GC()
		return "{}"
	case "park":
		return fmt.Sprintf("{\"bytes\":%d}", park(number(words[1])))
	case "run":
		return run(number(words[1]), words[2], words[3:])
	}
	panic("unknown order " + words[0])
}

func run(times int, program string, sizes []string) string {
	begin := time.Now()
	var answer int
	for i := 0; i < times; i++ {
		answer = play(program, sizes)
	}
	wall := time.Since(begin)
	return fmt.Sprintf("{\"wallMs\":%.6f,\"answer\":%d}", float64(wall.Nanoseconds())/1e6, answer)
}

func play(program string, sizes []string) int {
	switch program {
	case "chain":
		return chain(number(sizes[0]))
	case "hackysack":
		return hackysack(number(sizes[0]), number(sizes[1]))
	case "ping-pong":
		return pingPong(number(sizes[0]))
	case "sieve":
		return sieve(number(sizes[0]), number(sizes[1]))
	}
	panic("unknown program " + program)
}

func number(word string) int {
	value, err := strconv.Atoi(word)
	if err != nil {
		panic(err)
	}
	return value
}

func check(what string, is, shouldBe int) {
	if is != shouldBe {
		panic(fmt.Sprintf("%s should be %d (got %d)", what, shouldBe, is))
	}
}
