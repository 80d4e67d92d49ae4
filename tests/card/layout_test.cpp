// Layouts, and the memory beside them: slots are only ever appended.
#include <gtest/gtest.h>

#include "card/memory.hpp"
#include "card/support/profiles.hpp"

namespace jeton::card {
namespace {

KeySlot found_key(Byte ref, const std::string& label = {}) {
    KeySlot slot;
    slot.id = "key-" + to_hex(Bytes{ref});
    slot.ref = ref;
    slot.label = label;
    slot.named_on_card = true;
    return slot;
}

ObjectSlot found_object(Byte ref) {
    ObjectSlot slot;
    slot.ref = {0xCE, ref};
    slot.named_on_card = true;
    return slot;
}

class LayoutTest : public testing::Test {
  protected:
    template <typename... Slots>
    void discover(Slots... slots) {
        LayoutDraft draft = m_memory.draft();
        (draft.put(slots), ...);
        m_memory.set_discovered(draft);
    }

    static std::shared_ptr<const KeyEntry> some_key() {
        return std::make_shared<const KeyEntry>(KeyEntry{crypto::EcPublicKey{}, false, true});
    }

    Memory m_memory{std::make_shared<const Layout>()};
};

TEST(Layout, BeginsAsTheSlotsOfTheProfile) {
    const Profile profile = piv_profile();
    const auto layout = Layout::of(profile);
    ASSERT_EQ(layout->keys.size(), profile.keys.size());
    ASSERT_EQ(layout->objects.size(), profile.objects.size());
    EXPECT_EQ(*layout->keys.back(), profile.keys.back());
    EXPECT_EQ(*layout->objects.front(), profile.objects.front());
    EXPECT_TRUE(layout->secret_keys.empty());
}

TEST_F(LayoutTest, GrowsByWhatIsFoundAndKeepsSnapshots) {
    discover(found_key(1));
    const auto before = m_memory.layout();
    discover(found_key(2), found_key(1), found_object(2));
    EXPECT_EQ(before->keys.size(), 1U) << "a snapshot does not change";
    const auto layout = m_memory.layout();
    ASSERT_EQ(layout->keys.size(), 2U);
    EXPECT_EQ(layout->keys[0], before->keys[0]) << "what did not change is the same object";
    EXPECT_EQ(layout->keys[1]->ref, 2);
    EXPECT_EQ(layout->objects.size(), 1U);
    EXPECT_EQ(m_memory.key(1), std::nullopt) << "not read yet";
}

TEST_F(LayoutTest, AnotherDescriptionTakesTheSamePlace) {
    discover(found_key(1, "old"), found_key(2));
    discover(found_key(1, "new"), found_key(2));
    ASSERT_EQ(m_memory.layout()->keys.size(), 2U);
    EXPECT_EQ(m_memory.layout()->keys[0]->label, "new");
}

TEST_F(LayoutTest, WhatIsNotFoundAnyMoreIsEmptyAndFree) {
    discover(found_key(1), found_key(2), found_object(2));
    m_memory.set_key(0, some_key());
    discover(found_key(2));
    ASSERT_TRUE(m_memory.key(0));
    EXPECT_EQ(*m_memory.key(0), nullptr);
    EXPECT_EQ(*m_memory.object(0), nullptr);
    const LayoutDraft draft = m_memory.draft();
    EXPECT_TRUE(draft.key_is_free(1));
    EXPECT_FALSE(draft.key_is_free(2));
    EXPECT_TRUE(draft.key_is_free(3));
    EXPECT_TRUE(draft.object_is_free(Bytes{0xCE, 2}));
}

TEST_F(LayoutTest, SecretKeysTakeReferencesToo) {
    LayoutDraft draft = m_memory.draft();
    draft.put(SecretKeySlot{.id = "secret", .ref = 7});
    draft.put(SecretKeySlot{.id = "secret", .ref = 7, .label = "AES"});
    EXPECT_FALSE(draft.key_is_free(7));
    ASSERT_EQ(draft.layout().secret_keys.size(), 1U);
    EXPECT_EQ(draft.layout().secret_keys[0]->label, "AES");
}

TEST_F(LayoutTest, PlannedSlotsAreEmptyAndDroppedMemoryIsDiscoveredAgain) {
    discover(found_key(1));
    EXPECT_TRUE(m_memory.discovered());
    LayoutDraft draft = m_memory.draft();
    EXPECT_EQ(draft.put(found_key(9)), 1U);
    draft.put(found_object(9));
    m_memory.set_planned(draft);
    EXPECT_EQ(*m_memory.key(1), nullptr);
    EXPECT_EQ(*m_memory.object(0), nullptr);
    m_memory.drop();
    EXPECT_FALSE(m_memory.discovered());
    EXPECT_EQ(m_memory.key(1), std::nullopt);
    EXPECT_EQ(m_memory.layout()->keys.size(), 2U);
}

TEST_F(LayoutTest, OneSlotIsDescribedAnew) {
    discover(found_key(1), found_key(2));
    const auto before = m_memory.layout();
    m_memory.set_key_slot(1, found_key(2));
    EXPECT_EQ(m_memory.layout(), before) << "nothing changed";
    m_memory.set_key_slot(1, found_key(2, "label"));
    EXPECT_EQ(m_memory.layout()->keys[1]->label, "label");
    EXPECT_EQ(m_memory.layout()->keys[0], before->keys[0]);
    EXPECT_THROW(m_memory.set_object_slot(0, found_object(1)), std::out_of_range);
}

}  // namespace
}  // namespace jeton::card
