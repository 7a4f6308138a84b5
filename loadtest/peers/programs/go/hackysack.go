package main

import "math/rand"

type message bool

const (
	ball message = true
	exit message = false
)

type game struct {
	turns   int
	counter int
	random  *rand.Rand
	// Room for one: a player may kick to itself. Nobody has two messages at a time.
	inboxes []chan message
	home    chan bool
}

// Players in a circle kick one ball about until it was caught often enough; whoever catches it last sends the rest home.
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
