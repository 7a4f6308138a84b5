// The programs as Go has them: goroutines and channels.
package main

import (
	"math/rand"
	"runtime"
	"sync"
)

// The example of the Go announcement talk: n goroutines in a row, each adds one to what comes from its right.
func chain(n int) int {
	leftmost := make(chan int)
	right := leftmost
	for i := 0; i < n; i++ {
		left := right
		right = make(chan int)
		go link(left, right)
	}
	right <- 0
	answer := <-leftmost
	check("the answer", answer, n)
	return answer
}

func link(left, right chan int) {
	left <- 1 + <-right
}

// Two goroutines hand one ball to and fro over two unbuffered channels; each adds one to it.
func pingPong(roundTrips int) int {
	there, back := make(chan int), make(chan int)
	go pong(roundTrips, there, back)
	ball := 0
	for i := 0; i < roundTrips; i++ {
		there <- ball + 1
		ball = <-back
	}
	check("the ball", ball, 2*roundTrips)
	return ball
}

func pong(roundTrips int, there, back chan int) {
	for i := 0; i < roundTrips; i++ {
		back <- 1 + <-there
	}
}

type message bool

const (
	ball message = true
	exit message = false
)

type game struct {
	turns   int
	counter int
	random  *rand.Rand
	// Room for one: a player may kick to itself. No player has two messages at a time.
	inboxes []chan message
	home    chan bool
}

// Players in a circle kick one ball about until it was caught often enough; the player that catches it last sends the others home.
// Only the player on the ball touches the game, and the ball hands it on: nothing needs a lock.
func hackysack(players, turns int) int {
	circle := &game{turns: turns, random: rand.New(rand.NewSource(1)), home: make(chan bool, players)}
	for i := 0; i < players; i++ {
		circle.inboxes = append(circle.inboxes, make(chan message, 1))
	}
	for i := 0; i < players; i++ {
		go circle.play(i)
	}
	circle.inboxes[0] <- ball
	exits := 0
	for i := 0; i < players; i++ {
		if <-circle.home {
			exits++
		}
	}
	check("exits", exits, players-1)
	check("the counter", circle.counter, turns)
	return circle.counter
}

func (g *game) play(self int) {
	for got := range g.inboxes[self] {
		if got == exit {
			g.home <- true
			return
		}
		target := g.random.Intn(len(g.inboxes))
		g.counter++
		if g.counter == g.turns {
			g.sendOthersHome(self)
			g.home <- false
			return
		}
		g.inboxes[target] <- ball
	}
}

func (g *game) sendOthersHome(self int) {
	for player, inbox := range g.inboxes {
		if player != self {
			inbox <- exit
		}
	}
}

// Numbers up to a limit run through a row of filters, one for each prime found. The answer is the largest of them.
func sieve(limit, primes int) int {
	last := make(chan int)
	go count(limit, last)
	found, largest := 0, 0
	for prime, ok := <-last; ok; prime, ok = <-last {
		found++
		largest = prime
		next := make(chan int)
		go filter(prime, last, next)
		last = next
	}
	check("primes", found, primes)
	return largest
}

func count(limit int, to chan<- int) {
	for number := 2; number <= limit; number++ {
		to <- number
	}
	close(to)
}

func filter(prime int, from <-chan int, to chan<- int) {
	for number := range from {
		if number%prime != 0 {
			to <- number
		}
	}
	close(to)
}

// The bytes of heap and stacks that goroutines take while each waits on a channel of its own, after a collection.
func park(goroutines int) int {
	before := liveBytes()
	channels := make([]chan int, goroutines)
	ended := make(chan int)
	var begun sync.WaitGroup
	begun.Add(goroutines)
	for i := range channels {
		channels[i] = make(chan int)
		go wait(channels[i], ended, &begun)
	}
	begun.Wait()
	bytes := liveBytes() - before
	go release(channels)
	sum := 0
	for range channels {
		sum += <-ended
	}
	check("the values received", sum, goroutines)
	return bytes
}

func wait(channel, ended chan int, begun *sync.WaitGroup) {
	begun.Done()
	ended <- <-channel
}

func release(channels []chan int) {
	for _, channel := range channels {
		channel <- 1
	}
}

func liveBytes() int {
	runtime.GC()
	var memory runtime.MemStats
	runtime.ReadMemStats(&memory)
	return int(memory.HeapAlloc + memory.StackInuse)
}
