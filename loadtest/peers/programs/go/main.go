// An answer to each order on standard input: see ../answer-orders.ts for the orders.
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
	play, known := programs[program]
	if !known {
		panic("unknown program " + program)
	}
	var numbers []int
	for _, size := range sizes {
		numbers = append(numbers, number(size))
	}
	begin := time.Now()
	var answer int
	for i := 0; i < times; i++ {
		answer = play(numbers)
	}
	wall := time.Since(begin)
	return fmt.Sprintf("{\"wallMs\":%.6f,\"answer\":%d}", float64(wall.Nanoseconds())/1e6, answer)
}

var programs = map[string]func(sizes []int) int{
	"chain":     func(sizes []int) int { return chain(sizes[0]) },
	"hackysack": func(sizes []int) int { return hackysack(sizes[0], sizes[1]) },
	"ping-pong": func(sizes []int) int { return pingPong(sizes[0]) },
	"sieve":     func(sizes []int) int { return sieve(sizes[0], sizes[1]) },
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
