// A card served to a virtual reader of ours, over real sockets.
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <thread>
#include <unistd.h>

#include "reader/emulated_reader.hpp"
#include "reader/error.hpp"
#include "reader/reader.hpp"
#include "reader/simple_card.hpp"
#include "tool/failure.hpp"
#include "tool/serve_verb.hpp"

namespace jeton::tool {

namespace {

using Event = Connection::Event;
using reader::test::SimpleCard;

constexpr int patience_ms = 5000;

/// Peer is a virtual reader's end of a connection.
class Peer {
  public:
    explicit Peer(UniqueFd socket) : m_socket(std::move(socket)) {}

    void send(View bytes) {
        EXPECT_EQ(::send(m_socket.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL),
                  static_cast<ssize_t>(bytes.size()));
    }

    /// receive gives |count| bytes, fewer when the other side ends or is silent for too long.
    Bytes receive(std::size_t count) {
        Bytes out;
        pollfd waiting{.fd = m_socket.get(), .events = POLLIN, .revents = 0};
        while (out.size() < count && poll(&waiting, 1, patience_ms) > 0) {
            Byte byte = 0;
            if (recv(m_socket.get(), &byte, 1, 0) <= 0) {
                break;
            }
            out.push_back(byte);
        }
        return out;
    }

    void end_sending() { shutdown(m_socket.get(), SHUT_WR); }
    void close() { m_socket = UniqueFd(); }

  private:
    UniqueFd m_socket;
};

struct Pair {
    UniqueFd near;
    UniqueFd far;
};

Pair make_pair() {
    int fds[2] = {-1, -1};
    EXPECT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
    return {UniqueFd(fds[0]), UniqueFd(fds[1])};
}

/// Listener is a TCP port of the loopback interface.
class Listener {
  public:
    Listener() : m_socket(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        EXPECT_EQ(bind(m_socket.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
        EXPECT_EQ(listen(m_socket.get(), 1), 0);
        socklen_t length = sizeof address;
        getsockname(m_socket.get(), reinterpret_cast<sockaddr*>(&address), &length);
        m_port = ntohs(address.sin_port);
    }
    std::uint16_t port() const { return m_port; }
    Peer accept() { return Peer(UniqueFd(::accept(m_socket.get(), nullptr, nullptr))); }
    void close() { m_socket = UniqueFd(); }

  private:
    UniqueFd m_socket;
    std::uint16_t m_port = 0;
};

class Serve : public ::testing::Test {
  protected:
    /// serves |connection| in this thread; |talk| is the virtual reader, in another one.
    template <typename Talk>
    ServeEnd run(Talk talk) {
        Pair pair = make_pair();
        Connection connection(std::move(pair.near), signals);
        EXPECT_TRUE(card.meet());
        Peer peer(std::move(pair.far));
        std::thread thread([&] { talk(peer); });
        ServeEnd end = ServeEnd::stop;
        std::string failure;
        try {
            end = serve(connection, card, "there");
        } catch (const std::exception& error) {
            failure = error.what();
        }
        connection = Connection(UniqueFd(), signals);  // so that a peer that waits is not left waiting
        thread.join();
        if (!failure.empty()) {
            throw Failure(failure);
        }
        return end;
    }

    template <typename Talk>
    std::string failure_of(Talk talk) {
        try {
            run(talk);
        } catch (const Failure& failure) {
            return failure.what();
        }
        return "";
    }

    StopSignals signals;
    std::shared_ptr<SimpleCard> simple = std::make_shared<SimpleCard>();
    reader::Reader reader{{.name = "emulated", .key = "e", .lease_file = {}, .open = [this] {
                               return reader::make_emulated_reader(simple);
                           }}};
    VpcdCard card{reader.slot(), [this] { return signals.requested(); }};
};

TEST_F(Serve, AnswersControlsAndCommandsUntilThePeerCloses) {
    EXPECT_EQ(run([](Peer& peer) {
                  peer.send(Bytes{0, 1, 1, 0, 1, 4});
                  EXPECT_EQ(to_hex(peer.receive(7)), "00053B80800101");
                  peer.send(Bytes{0, 4, 0, 1, 0x42, 0});
                  EXPECT_EQ(to_hex(peer.receive(4)), "00029000");
                  peer.send(Bytes{0, 4, 0, 2, 0, 0, 0, 1, 2, 0, 4, 0, 2, 0, 0, 0, 1, 0});
                  EXPECT_EQ(to_hex(peer.receive(10)), "00034290000003009000");
                  peer.close();
              }),
              ServeEnd::peer);
}

TEST_F(Serve, TakesMessagesByteByByte) {
    EXPECT_EQ(run([](Peer& peer) {
                  for (const Byte byte : Bytes{0, 1, 1, 0, 4, 0, 2, 0, 0}) {
                      peer.send(Bytes{byte});
                      usleep(2000);
                  }
                  EXPECT_EQ(to_hex(peer.receive(5)), "0003009000");
                  peer.close();
              }),
              ServeEnd::peer);
}

TEST_F(Serve, SendsLongAnswersWhole) {
    EXPECT_EQ(run([](Peer& peer) {
                  peer.send(Bytes{0, 1, 1, 0, 4, 0, 3, 0xFF, 0x00});
                  const Bytes answer = peer.receive(2 + 0xFF02);
                  EXPECT_EQ(answer.size(), 2U + 0xFF02U);
                  EXPECT_EQ(to_hex(View(answer).first(3)), "FF0277");
                  peer.close();
              }),
              ServeEnd::peer);
}

TEST_F(Serve, APeerThatClosesInTheMiddleOfAMessageIsGone) {
    EXPECT_EQ(run([](Peer& peer) {
                  peer.send(Bytes{0xFF, 0xFF, 0, 2});
                  peer.close();
              }),
              ServeEnd::peer);
    EXPECT_EQ(simple->commands, 0);
}

TEST_F(Serve, APeerThatTakesNoAnswerMoreIsGone) {
    EXPECT_EQ(run([](Peer& peer) {
                  peer.send(Bytes{0, 1, 4, 0, 1, 4});
                  peer.close();
              }),
              ServeEnd::peer);
}

TEST_F(Serve, AnythingThatIsNotVpcdIsToldApart) {
    EXPECT_NE(failure_of([](Peer& peer) { peer.send(Bytes{0, 1, 9}); }).find("control 09"),
              std::string::npos);
    EXPECT_NE(failure_of([](Peer& peer) { peer.send(Bytes{0, 0}); }).find("an empty message"),
              std::string::npos);
}

TEST_F(Serve, ACardThatIsPulledEndsTheConnection) {
    EXPECT_NE(failure_of([this](Peer& peer) {
                  peer.send(Bytes{0, 1, 4});
                  peer.receive(7);
                  simple->inserted = false;
                  peer.send(Bytes{0, 1, 4});
                  EXPECT_TRUE(peer.receive(1).empty());
              }).find("the card is gone"),
              std::string::npos);
}

TEST_F(Serve, ASignalEndsIt) {
    for (const int number : {SIGTERM, SIGINT}) {
        StopSignals inner;
        EXPECT_FALSE(inner.requested());
        raise(number);
        EXPECT_TRUE(inner.requested());
        EXPECT_TRUE(inner.requested()) << "it stays so";
    }
    EXPECT_FALSE(signals.requested());
    const pthread_t serving = pthread_self();
    EXPECT_EQ(run([serving](Peer& peer) {
                  peer.send(Bytes{0, 1, 4});
                  peer.receive(7);
                  pthread_kill(serving, SIGTERM);
              }),
              ServeEnd::stop);
}

TEST(ConnectionTest, OpensByNameAndEndsWithThePeer) {
    Listener listener;
    StopSignals signals;
    auto connection = Connection::open({"localhost", listener.port()}, signals);
    ASSERT_TRUE(connection);
    Peer peer = listener.accept();
    EXPECT_EQ(connection->receive(Deadline::after(Milliseconds(20))), Event::nothing);
    peer.send(Bytes{1, 2, 3});
    EXPECT_EQ(connection->receive(std::nullopt), Event::bytes);
    EXPECT_EQ(to_hex(connection->received()), "010203");
    EXPECT_EQ(connection->send(Bytes{4, 5}, Deadline::after(Milliseconds(1000))), Event::bytes);
    EXPECT_EQ(to_hex(peer.receive(2)), "0405");
    peer.close();
    EXPECT_EQ(connection->receive(std::nullopt), Event::end);
}

TEST(ConnectionTest, SaysThatNobodyListens) {
    Listener listener;
    const std::uint16_t port = listener.port();
    listener.close();
    StopSignals signals;
    try {
        Connection::open({"127.0.0.1", port}, signals);
        FAIL() << "nobody listens";
    } catch (const Failure& failure) {
        EXPECT_NE(std::string(failure.what()).find("Connection refused"), std::string::npos)
            << failure.what();
    }
    EXPECT_THROW(Connection::open({"no such host", port}, signals), Failure);
}

TEST(ConnectionTest, APeerThatReadsNothingIsNotWaitedForForEver) {
    Pair pair = make_pair();
    StopSignals signals;
    Connection connection(std::move(pair.near), signals);
    const Bytes much(1 << 22);
    EXPECT_EQ(connection.send(much, Deadline::after(Milliseconds(50))), Event::nothing);
    raise(SIGTERM);
    EXPECT_EQ(connection.send(much, Deadline::after(Milliseconds(50))), Event::stop);
    EXPECT_EQ(connection.receive(std::nullopt), Event::stop);
}

TEST(StopSignalsTest, LeaveASignalIgnoredThatWasIgnoredBefore) {
    const auto before = signal(SIGINT, SIG_IGN);
    {
        StopSignals signals;
        raise(SIGINT);
        EXPECT_FALSE(signals.requested());
        raise(SIGTERM);
        EXPECT_TRUE(signals.requested());
    }
    signal(SIGINT, before);
}

}  // namespace

}  // namespace jeton::tool
