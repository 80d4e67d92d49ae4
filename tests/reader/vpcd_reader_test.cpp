// Cards that come over the network: good ones through the whole reader, and peers of every bad sort.
#include <arpa/inet.h>
#include <atomic>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <thread>

#include "reader/error.hpp"
#include "reader/reader_under_test.hpp"
#include "reader/simple_card.hpp"
#include "reader/vpcd_readers.hpp"
#include "reader/vpcd_remote_card.hpp"

namespace jeton::reader::test {
namespace {

using Kind = VpcdMessage::Kind;

constexpr VpcdLimits short_limits{.greeting = Milliseconds(150),
                                  .look = Milliseconds(150),
                                  .answer = Milliseconds(150),
                                  .send = Milliseconds(150),
                                  .rest = Milliseconds(0)};

VpcdListener any_port() {
    return VpcdListener({"127.0.0.1", 0});
}

/// RemotePeer is the card's end of the connection. Its thread answers with |answer| until the connection
/// ends.
class RemotePeer {
  public:
    using Answer = std::function<std::optional<Bytes>(const VpcdMessage&)>;  ///< raw bytes to send

    RemotePeer(std::uint16_t port, Answer answer) : m_socket(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_port = htons(port);
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        if (connect(m_socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
            throw std::runtime_error("nobody listens");
        }
        m_thread = std::thread([this, answer = std::move(answer)] { serve(answer); });
    }
    explicit RemotePeer(std::uint16_t port) : RemotePeer(port, Answer()) {}
    ~RemotePeer() { leave(); }
    RemotePeer(const RemotePeer&) = delete;
    RemotePeer& operator=(const RemotePeer&) = delete;

    void say(View bytes) {
        EXPECT_EQ(send(m_socket.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL), std::ssize(bytes));
    }

    void leave() {
        shutdown(m_socket.get(), SHUT_RDWR);
        if (m_thread.joinable()) {
            m_thread.join();
        }
    }

    /// was_sent_away waits for the other side to end the connection.
    bool was_sent_away() {
        m_thread.join();
        return m_ended;
    }

  private:
    void serve(const Answer& answer) {
        VpcdDecoder decoder;
        Bytes piece(4096);
        while (true) {
            const ssize_t got = recv(m_socket.get(), piece.data(), piece.size(), 0);
            if (got <= 0) {
                m_ended = true;
                return;
            }
            decoder.feed(View(piece).first(static_cast<std::size_t>(got)));
            while (const auto message = decoder.next()) {
                if (const auto out = answer ? answer(*message) : std::nullopt) {
                    send(m_socket.get(), out->data(), out->size(), MSG_NOSIGNAL);
                }
            }
        }
    }

    UniqueFd m_socket;
    std::atomic<bool> m_ended{false};
    std::thread m_thread;
};

Bytes framed(View content) {
    return to_bytes(vpcd_frame(content));
}

/// good_card answers as a virtual card does.
RemotePeer::Answer good_card(SimpleCard& card) {
    return [&card](const VpcdMessage& message) -> std::optional<Bytes> {
        switch (message.kind) {
            case Kind::power_off:
                card.power_off();
                return std::nullopt;
            case Kind::power_on:
            case Kind::reset:
                card.power_on();
                return std::nullopt;
            case Kind::get_atr:
                return framed(card.atr);
            case Kind::apdu:
                return framed(card.transmit(message.apdu));
        }
        return std::nullopt;
    };
}

/// spoils makes a card that answers commands with |bytes| as they are.
RemotePeer::Answer spoils(Bytes bytes) {
    return [bytes](const VpcdMessage& message) -> std::optional<Bytes> {
        if (message.kind == Kind::get_atr) {
            return framed(Bytes{0x3B, 0x00});
        }
        return message.kind == Kind::apdu ? std::optional(bytes) : std::nullopt;
    };
}

class RemoteCardTest : public testing::Test {
  protected:
    VpcdListener listener = any_port();
    VpcdRemoteCard card{"here", [this] { return listener.accept(); }, short_limits};

    /// refused_atr is true for a peer that tells its ATR in the |bytes| and is sent away for it.
    bool refused_atr(Bytes bytes) {
        RemotePeer peer(listener.port(), [bytes](const VpcdMessage&) { return bytes; });
        return !card.present() && peer.was_sent_away();
    }
};

TEST(VpcdReader, works_as_any_other_reader) {
    auto listener = std::make_shared<VpcdListener>(any_port());
    SimpleCard remote;
    Reader reader({.name = "vpcd", .key = "vpcd", .lease_file = {}, .open = [listener] {
                       return make_emulated_reader(std::make_shared<VpcdRemoteCard>(
                           "vpcd", [listener] { return listener->accept(); }));
                   }});
    CardLink& link = reader.slot();
    EXPECT_FALSE(link.present());
    {
        RemotePeer peer(listener->port(), good_card(remote));
        EXPECT_TRUE(link.present());
        const auto inserted = link.insertion();
        {
            const auto lease = link.acquire(soon());
            EXPECT_EQ(lease->continuity(), Continuity::reset);
            EXPECT_EQ(to_hex(link.atr()), to_hex(remote.atr));
            EXPECT_EQ(remote.power_ons, 1);
            link.transmit(Bytes{0x00, 0x01, 0x2A, 0x00}, apdu_limit);
            EXPECT_EQ(to_hex(link.transmit(Bytes{0x00, 0x02, 0x00, 0x00}, apdu_limit)), "2A9000");
            EXPECT_EQ(link.transmit(Bytes{0x00, 0x03, 0x70, 0x00}, apdu_limit).size(), 0x7002U);
            link.reset();
            EXPECT_EQ(to_hex(link.transmit(Bytes{0x00, 0x02, 0x00, 0x00}, apdu_limit)), "009000");
        }
        EXPECT_EQ(link.acquire(soon())->continuity(), Continuity::kept);
        EXPECT_EQ(link.insertion(), inserted);
    }
    EXPECT_FALSE(link.present()) << "the peer left";
    const auto removed = link.insertion();
    RemotePeer peer(listener->port(), good_card(remote));
    EXPECT_TRUE(link.present());
    EXPECT_NE(link.insertion(), removed);
    EXPECT_EQ(link.acquire(soon())->continuity(), Continuity::reset);
}

TEST(VpcdReader, a_swap_between_two_looks_is_noticed) {
    auto listener = std::make_shared<VpcdListener>(any_port());
    SimpleCard remote;
    Reader reader({.name = "vpcd", .key = "vpcd", .lease_file = {}, .open = [listener] {
                       return make_emulated_reader(std::make_shared<VpcdRemoteCard>(
                           "vpcd", [listener] { return listener->accept(); }));
                   }});
    auto first = std::make_unique<RemotePeer>(listener->port(), good_card(remote));
    EXPECT_TRUE(reader.slot().present());
    reader.slot().acquire(soon());
    const auto before = reader.slot().insertion();
    first.reset();
    const RemotePeer second(listener->port(), good_card(remote));
    EXPECT_EQ(reader.slot().acquire(soon())->continuity(), Continuity::reset);
    EXPECT_NE(reader.slot().insertion(), before);
}

TEST(VpcdReader, meets_a_card_that_waits_for_it) {
    VpcdListener waiting = any_port();
    SimpleCard remote;
    const VpcdPlace place{VpcdPlace::Direction::connect, {"127.0.0.1", waiting.port()}};
    auto places = find_vpcd_readers({place});
    ASSERT_EQ(places.size(), 1U);
    EXPECT_EQ(places[0].key, "vpcd:" + place.text());
    Reader reader(std::move(places[0]));
    std::atomic<bool> leave = false;
    std::thread card([&] {
        std::optional<VpcdStream> stream;
        while (!stream) {
            stream = waiting.accept();
        }
        EXPECT_EQ(to_hex(stream->receive(1, 1, soon())), "04");
        stream->send(remote.atr, soon());
        while (!leave) {
            std::this_thread::sleep_for(Milliseconds(1));
        }
    });
    EXPECT_TRUE(reader.slot().present());
    leave = true;
    card.join();
    EXPECT_FALSE(reader.slot().present());
}

TEST(VpcdReader, nobody_to_connect_to_is_no_card_and_costs_no_time) {
    VpcdListener closed = any_port();
    const VpcdPlace place{VpcdPlace::Direction::connect, {"127.0.0.1", closed.port()}};
    closed = any_port();
    Reader reader(std::move(find_vpcd_readers({place}).at(0)));
    const auto begin = Deadline::Clock::now();
    for (int i = 0; i < 20; ++i) {
        EXPECT_FALSE(reader.slot().present());
    }
    EXPECT_LT(Deadline::Clock::now() - begin, Milliseconds(1500));
}

TEST(VpcdReader, where_somebody_listens_already_there_is_none) {
    const VpcdListener taken = any_port();
    const VpcdPlace place{VpcdPlace::Direction::listen, {"127.0.0.1", taken.port()}};
    EXPECT_TRUE(find_vpcd_readers({place}).empty());
    EXPECT_TRUE(find_vpcd_readers({place}).empty());
}

TEST(VpcdReader, listens_once_in_a_process_while_it_is_wanted) {
    std::uint16_t port = 0;
    {
        port = any_port().port();
    }
    const VpcdPlace place{VpcdPlace::Direction::listen, {"127.0.0.1", port}};
    {
        const auto first = find_vpcd_readers({place});
        const auto second = find_vpcd_readers({place});
        EXPECT_EQ(first.size(), 1U);
        EXPECT_EQ(second.size(), 1U);
        EXPECT_THROW(VpcdListener({"127.0.0.1", port}), Error);
    }
    EXPECT_EQ(VpcdListener({"127.0.0.1", port}).port(), port) << "nobody listens any more";
}

TEST_F(RemoteCardTest, a_peer_is_met_when_somebody_looks) {
    EXPECT_FALSE(card.present());
    EXPECT_EQ(card.insertion(), 0U);
    SimpleCard remote;
    const RemotePeer peer(listener.port(), good_card(remote));
    EXPECT_TRUE(card.present());
    EXPECT_EQ(card.insertion(), 1U);
    EXPECT_EQ(to_hex(card.power_on()), to_hex(remote.atr));
    EXPECT_EQ(to_hex(card.transmit(Bytes{0, 1, 7, 0})), "9000");
    EXPECT_EQ(to_hex(card.power_on()), to_hex(remote.atr)) << "a reset, while it has power";
    EXPECT_EQ(remote.power_ons, 2);
    card.power_off();
    EXPECT_TRUE(card.present());
    EXPECT_EQ(card.insertion(), 1U);
}

TEST_F(RemoteCardTest, the_second_peer_waits_until_the_first_leaves) {
    SimpleCard one;
    SimpleCard other;
    other.atr = {0x3B, 0x01, 0x55};
    auto first = std::make_unique<RemotePeer>(listener.port(), good_card(one));
    const RemotePeer second(listener.port(), good_card(other));
    EXPECT_TRUE(card.present());
    EXPECT_EQ(to_hex(card.power_on()), to_hex(one.atr));
    first.reset();
    EXPECT_TRUE(card.present());
    EXPECT_EQ(card.insertion(), 2U);
    EXPECT_EQ(to_hex(card.power_on()), to_hex(other.atr));
}

TEST_F(RemoteCardTest, an_atr_that_is_none_is_refused) {
    EXPECT_TRUE(refused_atr({0x00, 0x00}));
    EXPECT_TRUE(refused_atr({0x00, 0x01, 0x3B}));
    EXPECT_TRUE(refused_atr({0x00, 0x22}));
    EXPECT_TRUE(refused_atr({0xFF, 0xFF}));
    EXPECT_TRUE(refused_atr(to_bytes(view_of("HTTP/1.1 400 Bad Request\r\n"))));
    EXPECT_EQ(card.insertion(), 5U);
}

TEST_F(RemoteCardTest, silence_is_not_waited_for_for_long) {
    RemotePeer peer(listener.port());
    const auto begin = Deadline::Clock::now();
    EXPECT_FALSE(card.present());
    EXPECT_LT(Deadline::Clock::now() - begin, Milliseconds(1500));
    EXPECT_TRUE(peer.was_sent_away());
}

TEST_F(RemoteCardTest, silence_in_an_answer_is_a_card_that_is_pulled) {
    RemotePeer peer(listener.port(), spoils({0x00}));
    ASSERT_TRUE(card.present());
    EXPECT_EQ(kind_of([&] { card.transmit(Bytes{0, 1, 2, 3}); }), Error::Kind::timeout);
    EXPECT_TRUE(peer.was_sent_away());
    EXPECT_FALSE(card.present());
    EXPECT_EQ(kind_of([&] { card.transmit(Bytes{0, 1, 2, 3}); }), Error::Kind::no_card);
    EXPECT_EQ(kind_of([&] { card.power_on(); }), Error::Kind::no_card);
}

TEST_F(RemoteCardTest, slow_bytes_do_not_make_the_wait_longer) {
    RemotePeer peer(listener.port(), spoils({0xFF, 0xFF}));
    ASSERT_TRUE(card.present());
    std::atomic<bool> stop = false;
    std::thread drip([&] {
        while (!stop) {
            peer.say(Bytes{0x00});
            std::this_thread::sleep_for(Milliseconds(10));
        }
    });
    const auto begin = Deadline::Clock::now();
    EXPECT_NE(kind_of([&] { card.transmit(Bytes{0, 1, 2, 3}); }), std::nullopt);
    EXPECT_LT(Deadline::Clock::now() - begin, Milliseconds(1500));
    stop = true;
    drip.join();
}

TEST_F(RemoteCardTest, an_answer_without_a_status_is_refused) {
    RemotePeer peer(listener.port(), spoils({0x00, 0x01, 0x90}));
    ASSERT_TRUE(card.present());
    EXPECT_EQ(kind_of([&] { card.transmit(Bytes{0, 1, 2, 3}); }), Error::Kind::protocol);
    EXPECT_TRUE(peer.was_sent_away());
}

TEST_F(RemoteCardTest, who_answers_twice_or_speaks_unasked_is_sent_away) {
    RemotePeer peer(listener.port(), spoils({0x00, 0x02, 0x90, 0x00, 0x00, 0x02, 0x90, 0x00}));
    ASSERT_TRUE(card.present());
    EXPECT_EQ(to_hex(card.transmit(Bytes{0, 1, 2, 3})), "9000");
    EXPECT_FALSE(card.present());
    EXPECT_TRUE(peer.was_sent_away());
}

TEST_F(RemoteCardTest, commands_that_vpcd_cannot_carry_are_answered_here) {
    SimpleCard remote;
    const RemotePeer peer(listener.port(), good_card(remote));
    ASSERT_TRUE(card.present());
    EXPECT_EQ(to_hex(card.transmit(Bytes{0x04})), "6700");
    EXPECT_EQ(to_hex(card.transmit(Bytes(0x10000))), "6700");
    EXPECT_EQ(remote.commands, 0);
}

TEST(VpcdPlaces, are_loopback_unless_an_address_is_given) {
    const auto text = [](const char* from) {
        const auto place = parse_vpcd_place(from);
        return place ? place->text() : "";
    };
    EXPECT_EQ(text("listen"), "listen 127.0.0.1:35963");
    EXPECT_EQ(text("listen 4000"), "listen 127.0.0.1:4000");
    EXPECT_EQ(text("connect 4000"), "connect 127.0.0.1:4000");
    EXPECT_EQ(text("listen localhost:4000"), "listen 127.0.0.1:4000");
    EXPECT_EQ(text("connect [::1]:4000"), "connect [::1]:4000");
    EXPECT_EQ(text("listen 0.0.0.0"), "listen 0.0.0.0:35963");
    EXPECT_EQ(text("connect 192.0.2.7:1"), "connect 192.0.2.7:1");
    for (const char* wrong : {"", "listening", "hear 4000", "listen example.org:4000", "listen 127.0.0.1:0",
                              "listen 127.0.0.1:65536", "connect 127.0.0.1:x", "LISTEN", "listen 0"}) {
        EXPECT_EQ(text(wrong), "") << wrong;
    }
}

}  // namespace
}  // namespace jeton::reader::test
